import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUNDLE_EXIT } from '../../../../appliance/bundle/exit-codes.ts';
import type { BundleManifest } from '../../../../appliance/bundle/format/manifest.ts';
import { tarHeader } from '../../../../appliance/bundle/format/tar.ts';
import { fingerprint, publicLine, publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { hashPlace } from '../../../../appliance/bundle/verify/hash-place.ts';
import { MOST_ENTRIES } from '../../../../appliance/bundle/verify/tar-entry.ts';
import { BUNDLE_NAMESPACE, RELEASE_IDENTITY } from '../../../../appliance/bundle/verify/trust.ts';
import { type VerifyOptions, verifyBundle } from '../../../../appliance/bundle/verify/verify-bundle.ts';
import { verifyStream } from '../../../../appliance/bundle/verify/verify-stream.ts';
import type { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { type BundleWorld, bundleWorld, newKey, PART_BYTES } from '../../../support/bundle-world.ts';
import { REFUSED } from '../../../support/refused-bundles.ts';
import { part, SPOILT } from '../../../support/spoilt-bundles.ts';
import { SPOILT_LISTS, spoilLists } from '../../../support/spoilt-lists.ts';
import { plain, SPOILT_TARS, withEntry } from '../../../support/spoilt-tars.ts';

let world: BundleWorld;
let path: string;
let tar: string;
let manifest: BundleManifest;
let copies = 0;
before(async () => {
  world = bundleWorld();
  ({ path, manifest } = await world.build('genuine'));
  tar = await world.tar(path, manifest);
});
after(() => world.end());

/** The three ways in which a bundle comes. */
const WAYS = {
  folder: (options: VerifyOptions, at = path) => verifyBundle(at, options),
  tar: (options: VerifyOptions, at = tar) => verifyBundle(at, options),
  stream: (options: VerifyOptions, at = tar) => verifyStream(inOnePiece(at), options),
};
/** As standard input comes: each piece lies where the one before lay. */
async function* inOnePiece(at: string): AsyncIterable<Uint8Array> {
  const piece = Buffer.alloc(700);
  for await (const came of createReadStream(at, { highWaterMark: 700 })) {
    piece.fill(0xff);
    yield piece.subarray(0, (came as Buffer).copy(piece));
  }
}
const target = () => join(world.folder, `copy-${copies++}`);

/** A copy of the genuine folder, to be spoilt. */
function spoilt(spoil: (folder: string) => void): string {
  const folder = join(world.folder, `spoilt-${copies++}`);
  cpSync(path, folder, { recursive: true });
  spoil(folder);
  return folder;
}

/** The code of a refusal and what it names; nothing may be left of a copy. */
async function refusal(work: (options: VerifyOptions) => Promise<unknown>, changes: Partial<VerifyOptions> = {}) {
  const to = target();
  try {
    await work(world.options({ target: to, ...changes }));
  } catch (error) {
    assert.deepEqual(
      readdirSync(world.folder).filter((name) => name.startsWith(to.split('/').at(-1)!)),
      [],
      'nothing is left of what did not hold',
    );
    const { code, details } = error as FrostbyteError;
    assert.ok(code?.startsWith('BUNDLE_'), String((error as Error).stack));
    return { code, named: details.map(({ field }) => field), message: (error as Error).message };
  }
  return assert.fail('it was taken');
}

describe('a genuine bundle', () => {
  for (const [name, verify] of Object.entries(WAYS)) {
    test(`is verified and copied, as a ${name}`, async () => {
      const to = target();
      const seen: number[] = [];
      const { bundle, signer, bytes } = await verify(
        world.options({ target: to, progress: (done, total) => void seen.push(done / total) }),
      );
      assert.deepEqual(bundle, manifest);
      assert.deepEqual(signer, publicOf(world.release));
      assert.ok(bytes > 5000);
      assert.equal(seen.at(-1), 1);
      assert.ok(seen.every((share, at) => at === 0 || share >= seen[at - 1]!));
      assert.equal(statSync(join(to, 'install.sh')).mode & 0o777, 0o755);
      assert.equal(statSync(join(to, 'README.txt')).mode & 0o777, 0o644);
      assert.deepEqual(readFileSync(join(to, 'models/weights.bin')), readFileSync(join(world.folder, 'weights')));
      assert.equal(existsSync(join(to, 'models/weights.bin.part001')), false, 'parts are joined');
      for (const file of ['bin/node', 'docs/empty.txt', 'MANIFEST.json', 'SHA256SUMS.sig', 'signers/root.pub'])
        assert.deepEqual(readFileSync(join(to, file)), readFileSync(join(path, file)), file);
    });
  }

  test('is what stock tools say it is, in the folder and in the tar', () => {
    const sums = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: path, encoding: 'utf8' });
    assert.equal(sums.trim().split('\n').length, manifest.files.length + 1);
    const by = (list: string, identity: string, namespace: string, file: string) =>
      execFileSync(
        'ssh-keygen',
        [
          '-Y',
          'verify',
          '-f',
          list,
          '-I',
          identity,
          '-n',
          namespace,
          '-r',
          join(path, 'signers/revoked_keys'),
          '-s',
          `${file}.sig`,
        ],
        { input: readFileSync(file), encoding: 'utf8' },
      );
    const anchor = join(world.folder, 'anchor');
    writeFileSync(anchor, `frostbyte-root ${publicLine(publicOf(world.root))}\n`);
    for (const list of ['signers/allowed_signers', 'signers/revoked_keys'])
      assert.match(by(anchor, 'frostbyte-root', 'frostbyte-signers', join(path, list)), /^Good /);
    for (const list of ['MANIFEST.json', 'SHA256SUMS'])
      assert.match(
        by(join(path, 'signers/allowed_signers'), RELEASE_IDENTITY, BUNDLE_NAMESPACE, join(path, list)),
        /^Good /,
      );
    const out = target();
    mkdirSync(out);
    execFileSync('tar', ['-xf', tar, '-C', out]);
    execFileSync('diff', ['-r', path, out]);
  });

  test('is found by a link, as the release that is current is', async () => {
    const links = [path, tar].map((to) => {
      const link = join(world.folder, `link-${copies++}`);
      symlinkSync(to, link);
      return link;
    });
    for (const link of links) assert.equal((await verifyBundle(link, world.options())).bundle.version, '1.2.3');
  });

  test('is the same bytes when it is built again elsewhere', async () => {
    const again = await world.build('again');
    assert.deepEqual(readFileSync(await world.tar(again.path, again.manifest)), readFileSync(tar));
  });

  test('is believed by a fingerprint that a person typed, and by nothing of its own', async () => {
    const anchor = { fingerprint: fingerprint(publicOf(world.root)) };
    for (const verify of Object.values(WAYS)) await verify(world.options({ anchor }));
    const foreign = { fingerprint: fingerprint(publicOf(newKey())) };
    for (const verify of Object.values(WAYS))
      assert.equal((await refusal(verify, { anchor: foreign })).code, 'BUNDLE_SIGNER_UNKNOWN');
    const empty = { allowed_signers: '' };
    for (const verify of Object.values(WAYS))
      assert.equal((await refusal(verify, { anchor: empty })).code, 'BUNDLE_SIGNER_UNKNOWN');
  });

  test('is no bundle for another architecture, nor for a host that has seen a newer one, but by an operator’s word', async () => {
    const host = { arch: 'amd64', counter: 0, not_before: 0, allow_older: false } as const;
    for (const verify of Object.values(WAYS)) {
      assert.equal((await refusal(verify, { host: { ...host, arch: 'arm64' } })).code, 'BUNDLE_WRONG_ARCHITECTURE');
      assert.equal((await refusal(verify, { host: { ...host, counter: 8 } })).code, 'BUNDLE_OLDER');
      assert.equal((await refusal(verify, { host: { ...host, not_before: 1_800_000_000 } })).code, 'BUNDLE_OLDER');
      await verify(world.options({ host: { ...host, counter: 8, not_before: 1_800_000_000, allow_older: true } }));
      await verify(world.options({ host: { ...host, counter: 7 } }));
    }
  });
});

describe('whom a bundle is from', () => {
  const codeOf = async (
    name: string,
    changes: Parameters<BundleWorld['build']>[1],
    options: Partial<VerifyOptions> = {},
  ) => {
    const built = await world.build(name, changes);
    const archive = await world.tar(built.path, built.manifest);
    const codes = new Set<string>();
    codes.add((await refusal((given) => WAYS.folder(given, built.path), options)).code);
    codes.add((await refusal((given) => WAYS.tar(given, archive), options)).code);
    codes.add((await refusal((given) => WAYS.stream(given, archive), options)).code);
    assert.equal(codes.size, 1, [...codes].join());
    return [...codes][0];
  };

  for (const [about, { changes, seen, code }] of Object.entries(REFUSED)) {
    test(`decides, and for whom: ${about}`, async () => {
      const host = { arch: 'amd64', counter: 0, not_before: 0, allow_older: false, ...seen?.host } as const;
      assert.equal(await codeOf(`refused-${copies++}`, changes?.(world) ?? {}, { host }), code);
    });
  }

  test('decides: one from before the day that the root key names is taken nowhere, whatever an operator says', async () => {
    const host = { arch: 'amd64', counter: 0, not_before: 0, allow_older: true } as const;
    assert.equal(await codeOf('withdrawn', { lists: { none_before: '20260922' } }, { host }), 'BUNDLE_OLDER');
    const { path } = await world.build('of that day', { lists: { none_before: '20260921' } });
    await WAYS.folder(world.options(), path);
    // An old medium brings old lists: what the host has seen since counts.
    const known = {
      allowed_signers: `# serial: 4\n# none before: 20260922\n${RELEASE_IDENTITY} ${publicLine(publicOf(world.release))}\n`,
      revoked_keys: '# serial: 4\n',
    };
    for (const verify of Object.values(WAYS)) assert.equal((await refusal(verify, { known })).code, 'BUNDLE_OLDER');
  });

  test('is asked of the newest lists that the host has seen', async () => {
    const list = (serial: number, revoked = '') => ({
      allowed_signers: `# serial: ${serial}\n${RELEASE_IDENTITY} ${publicLine(publicOf(world.release))}\n`,
      revoked_keys: `# serial: ${serial}\n${revoked}\n`,
    });
    const revoked = publicLine(publicOf(world.release));
    for (const verify of Object.values(WAYS)) {
      assert.equal((await refusal(verify, { known: list(4, revoked) })).code, 'BUNDLE_SIGNER_REVOKED');
      const { lists } = await verify(world.options({ known: list(2, revoked) }));
      assert.match(lists.revoked_keys, /^# serial: 3$/m, 'the bundle’s own are newer');
    }
  });

  test('is not to be said by halves: each signature and each list must be there and hold', async () => {
    for (const name of ['MANIFEST.json', 'SHA256SUMS', 'signers/allowed_signers', 'signers/revoked_keys']) {
      const unsigned = spoilt((folder) => rmSync(join(folder, `${name}.sig`)));
      assert.equal((await refusal((options) => verifyBundle(unsigned, options))).code, 'BUNDLE_SIGNATURE_MISSING');
      const gone = spoilt((folder) => rmSync(join(folder, name)));
      assert.equal((await refusal((options) => verifyBundle(gone, options))).code, 'BUNDLE_FILE_MISSING');
      const changed = spoilt((folder) => appendFileSync(join(folder, name), '\n'));
      assert.equal((await refusal((options) => verifyBundle(changed, options))).code, 'BUNDLE_SIGNATURE_INVALID');
    }
    const swapped = spoilt((folder) => cpSync(join(folder, 'SHA256SUMS.sig'), join(folder, 'MANIFEST.json.sig')));
    assert.equal((await refusal((options) => verifyBundle(swapped, options))).code, 'BUNDLE_SIGNATURE_INVALID');
  });

  for (const [name, { code }] of Object.entries(SPOILT_LISTS)) {
    test(`does not help lists that ${name}`, async () => {
      const folder = spoilt((at) => spoilLists(at, name, world));
      assert.equal((await refusal((options) => verifyBundle(folder, options))).code, code);
    });
  }
});

describe('what is wrong with a medium', () => {
  for (const [name, { spoil, code, named }] of Object.entries(SPOILT)) {
    test(`${name}: it is refused, and named`, async () => {
      const folder = spoilt(spoil);
      const told = await refusal((options) => verifyBundle(folder, options));
      assert.equal(told.code, code, told.message);
      assert.ok(told.named.includes(named), told.named.join());
    });
  }

  test('everything that is wrong is told at once', async () => {
    const folder = spoilt((f) => {
      rmSync(join(f, 'README.txt'));
      rmSync(join(f, part(3)));
      writeFileSync(join(f, 'more'), '');
    });
    const { named, code } = await refusal((options) => verifyBundle(folder, options));
    assert.equal(code, 'BUNDLE_PART_MISSING');
    assert.deepEqual(named.toSorted(), ['README.txt', part(3), 'more'].toSorted());
  });

  test('one that answers a second read otherwise deceives nobody: what is kept is what was hashed', async () => {
    const folder = spoilt(() => undefined);
    const file = join(folder, 'install.sh');
    const good = readFileSync(file);
    const evil = Buffer.from('#!/bin/sh\necho owned....\n').subarray(0, good.length);
    // Between the first look and the reading, and again behind it.
    const late = {
      atOnce: 1,
      hash: async (...[job]: Parameters<VerifyOptions['hashers']['hash']>) => {
        const hashed = hashPlace(job);
        if (job.place.file === file) writeFileSync(file, evil);
        return hashed;
      },
    };
    const to = target();
    await verifyBundle(folder, world.options({ target: to, hashers: late }));
    assert.deepEqual(readFileSync(join(to, 'install.sh')), good);
    assert.equal((await refusal((options) => verifyBundle(folder, options))).code, 'BUNDLE_FILE_ALTERED');
  });

  test('one that is pulled out in the middle is told as that', async () => {
    const gone = () => Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    let jobs = 0;
    const hashers = {
      atOnce: 1,
      hash: (...[job]: Parameters<VerifyOptions['hashers']['hash']>) =>
        ++jobs > 3 ? gone() : Promise.resolve(hashPlace(job)),
    };
    const told = await refusal((options) => verifyBundle(path, options), { hashers });
    assert.equal(told.code, 'BUNDLE_MEDIUM_FAILED');
    const nowhere = join(world.folder, 'nowhere');
    assert.equal((await refusal((options) => verifyBundle(nowhere, options))).code, 'BUNDLE_FILE_MISSING');
  });

  test('says of a disk that is full that it is that, and leaves no half of a copy', async () => {
    const full = () => Promise.reject(Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' }));
    const to = target();
    const options = world.options({ target: to, hashers: { atOnce: 1, hash: full } });
    await assert.rejects(verifyBundle(path, options), {
      code: 'DISK_FULL',
      message: /^The disk of \/.*\.incoming.* is full\. Free some space and repeat\.$/,
    });
    assert.equal(existsSync(`${to}.incoming`), false);
  });
});

describe('what is wrong with a tar', () => {
  const bytes = () => readFileSync(tar);
  /** The refusals of both readers of a tar; they agree. */
  async function codes(name: string, content: Buffer): Promise<string> {
    const file = join(world.folder, `${name}.tar`);
    writeFileSync(file, content);
    const [seeking, streaming] = [
      await refusal((options) => WAYS.tar(options, file)),
      await refusal((options) => WAYS.stream(options, file)),
    ];
    assert.equal(seeking.code, streaming.code, `${seeking.message} / ${streaming.message}`);
    return seeking.code;
  }

  for (const [about, { spoil, code }] of Object.entries(SPOILT_TARS)) {
    test(`${about}: it is refused, read at random and in order`, async () => {
      assert.equal(await codes('spoilt', spoil(bytes())), code);
    });
  }

  test('its names: further ways up, a list that comes late, a name that differs in case alone from a list’s', async () => {
    for (const [at, code] of [
      ['../up', 'BUNDLE_PATH_UPWARD'],
      ['docs//x', 'BUNDLE_PATH_REFUSED'],
      ['manifest.json', 'BUNDLE_PATH_CASE'],
      ['MANIFEST.json', 'BUNDLE_PATH_TWICE'],
    ] as const)
      assert.equal(await codes('entry', withEntry(bytes(), plain(at))), code, at);
  });

  test('more files than any bundle has: they are not even counted', async () => {
    const many = Buffer.concat(Array.from({ length: MOST_ENTRIES + 1 }, (_, n) => plain(`bomb/${n}`)));
    assert.equal(await codes('bomb', withEntry(bytes(), many)), 'BUNDLE_TOO_LARGE');
  });

  test('one that begins with anything but the manifest keeps nothing of it', async () => {
    const header = tarHeader({ path: 'docs/first', size: 4, executable: false });
    const first = Buffer.concat([header, Buffer.from('evil'), Buffer.alloc(508), bytes()]);
    const file = join(world.folder, 'first.tar');
    writeFileSync(file, first);
    assert.equal((await refusal((options) => WAYS.stream(options, file))).code, 'BUNDLE_FILE_MISSING');
    assert.equal((await refusal((options) => WAYS.tar(options, file))).code, 'BUNDLE_TAR_INVALID');
  });

  test('parts are as large as they should be', () => {
    assert.deepEqual(
      manifest.joined.map(({ size, parts }) => [size, parts.length]),
      [[4000, Math.ceil(4000 / PART_BYTES)]],
    );
  });
});

test('each refusal that there is is tried on both verifiers', () => {
  const tables = [SPOILT, SPOILT_TARS, SPOILT_LISTS, REFUSED].flatMap((table) => Object.values(table));
  const codes = new Set(tables.map(({ code }) => code));
  const elsewhere = {
    // test/shipped/medium.test.ts and verify-sh.test.ts: sticks that are pulled out.
    BUNDLE_MEDIUM_FAILED: 'both',
    // The program keeps what it has hashed, and reads nothing twice (above).
    BUNDLE_MEDIUM_CHANGED: 'verify.sh',
    // test/unit/bundle/signers/folder.test.ts and verify-sh.test.ts.
    BUNDLE_SIGNERS_INVALID: 'both',
  };
  assert.deepEqual([...codes, ...Object.keys(elsewhere)].sort(), Object.keys(BUNDLE_EXIT).sort());
});
