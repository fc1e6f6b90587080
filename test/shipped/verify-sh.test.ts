import assert from 'node:assert/strict';
import { execFileSync, type StdioOptions, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUNDLE_EXIT } from '../../appliance/bundle/exit-codes.ts';
import { MOST_CONTROL_BYTES } from '../../appliance/bundle/format/control-files.ts';
import { type BundleManifest, MOST_FILES } from '../../appliance/bundle/format/manifest.ts';
import { fingerprint, publicLine, publicOf } from '../../appliance/bundle/sshsig/keys.ts';
import { MOST_ENTRIES } from '../../appliance/bundle/verify/tar-entry.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { type BuildChanges, type BundleWorld, bundleWorld, INPUTS, newKey } from '../support/bundle-world.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { REFUSED } from '../support/refused-bundles.ts';
import { HIDDEN_KEYS, SPOILT } from '../support/spoilt-bundles.ts';
import { SPOILT_LISTS, spoilLists } from '../support/spoilt-lists.ts';
import { SPOILT_TARS } from '../support/spoilt-tars.ts';
import { closeGone, stick, stickMissing } from '../support/stick.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** `verify.sh`: what a host without any of our programs says of a bundle, with each shell that hosts have. */

const SCRIPT = resolve(import.meta.dirname, '../../host/bundle/verify.sh');
const CHANGES = ALL_FAULTS ? 2000 : 15;
const TAR_CHANGES = ALL_FAULTS ? 500 : 4;
/** A change costs a second on a busy machine, and a tar's several. */
const LONG_MS = ALL_FAULTS ? 5_400_000 : 1_200_000;

let world: BundleWorld;
let path: string;
let manifest: BundleManifest;
let anchor: string;
let tar: Buffer;
/** The tar of one with a file that no system reads ahead. */
let largeTar: string;
let copies = 0;
/** A folder with the applets of busybox and ssh-keygen: nothing else is found there. */
let applets: string;

const has = (tool: string) => spawnSync(tool, ['--help']).error === undefined;
const dash = has('dash') ? 'dash' : null;
const busybox = has('busybox') ? 'busybox' : null;
const mountMissing = process.getuid?.() === 0 ? false : 'needs root, to mount';
const skip = without(stockSshKeygen, 'ssh-keygen');

before(async () => {
  world = bundleWorld();
  ({ path, manifest } = await world.build('genuine'));
  tar = readFileSync(await world.tar(path, manifest));
  const large = { path: 'docs/large.bin', from: Buffer.alloc(8 << 20, 'large') };
  const built = await world.build('large', { inputs: [...INPUTS, large], partBytes: 2 ** 30 });
  largeTar = await world.tar(built.path, built.manifest);
  anchor = join(world.folder, 'allowed_signers');
  writeFileSync(anchor, `frostbyte-root ${publicLine(publicOf(world.root))}\n`);
  applets = join(world.folder, 'applets');
  mkdirSync(applets);
  if (busybox === null || skip) return;
  const find = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
  const names = spawnSync('busybox', ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
  for (const name of names) symlinkSync(find('busybox'), join(applets, name));
  symlinkSync(find('ssh-keygen'), join(applets, 'ssh-keygen'));
});
after(() => world.end());

const SHELLS = [
  { name: 'dash', shell: dash, environment: () => ({ PATH: process.env.PATH }) },
  { name: 'busybox', shell: busybox, environment: () => ({ PATH: applets }) },
];

test('the script and the program take no more of anything than each other', () => {
  const text = readFileSync(SCRIPT, 'utf8');
  // One line more than files: that of the manifest.
  assert.match(text, new RegExp(`^most=${MOST_ENTRIES} listable=${MOST_FILES + 1}$`, 'm'));
  const bytes = [...text.matchAll(/\b4\d{6}\b/g)].map(([number]) => Number(number));
  assert.deepEqual(new Set(bytes), new Set([MOST_CONTROL_BYTES, MOST_CONTROL_BYTES + 1]));
});

for (const { name, shell, environment } of SHELLS) {
  /** Exit code and what was said. */
  const verify = (folder: string, ...options: string[]) => {
    const given = options.includes('--fingerprint') ? options : ['--anchor', anchor, ...options];
    const command = shell === 'busybox' ? join(applets, 'sh') : 'dash';
    const run = spawnSync(command, [SCRIPT, ...given, folder], { env: environment(), encoding: 'utf8', cwd: '/' });
    return { code: run.status, said: run.stderr + run.stdout };
  };
  const scratch = () => join(world.folder, `${name}-scratch`);
  /** The same of a tar, by its file or on standard input. */
  const verifyTar = (bytes: Buffer, way: 'file' | 'input') => {
    const file = join(world.folder, `${name}-${copies++}.tar`);
    writeFileSync(file, bytes);
    const command = shell === 'busybox' ? join(applets, 'sh') : 'dash';
    const words = [SCRIPT, '--anchor', anchor, way === 'file' ? file : '-'];
    const input = way === 'file' ? {} : { input: bytes };
    mkdirSync(scratch(), { recursive: true });
    const env = { ...environment(), TMPDIR: scratch() };
    const run = spawnSync(command, words, { env, encoding: 'utf8', cwd: '/', ...input });
    rmSync(file);
    return { code: run.status, said: run.stderr + run.stdout };
  };
  const spoilt = (spoil: (folder: string) => void): string => {
    const folder = join(world.folder, `${name}-${copies++}`);
    cpSync(path, folder, { recursive: true });
    spoil(folder);
    return folder;
  };
  const built = async (changes: Partial<BuildChanges>) => (await world.build(`${name}-${copies++}`, changes)).path;

  describe(`verify.sh under ${name}`, { skip: skip || without(shell, name) }, () => {
    test('takes a genuine bundle, by a list or by a fingerprint, and says which it is', () => {
      const { code, said } = verify(path);
      assert.equal(code, 0, said);
      assert.match(
        said,
        new RegExp(
          `version 1\\.2\\.3, counter 7, ${manifest.files.length + 1} files, built 2026-09-21; its maker has withdrawn none\\.`,
        ),
      );
      const print = fingerprint(publicOf(world.root));
      assert.equal(verify(path, '--fingerprint', print, '--counter', '7', '--list-serial', '3').code, 0);
    });

    test('takes its tar, from a file and from standard input, and says the same', () => {
      const { said } = verify(path);
      for (const way of ['file', 'input'] as const) assert.deepEqual(verifyTar(tar, way), { code: 0, said });
    });

    test('names every file and every part that does not hold, in a folder and in a tar, and leaves nothing behind', async () => {
      const wrong = ['a file is cut off', 'a part was changed', 'a part is missing, and a file too many'];
      const folder = spoilt((at) => {
        for (const about of wrong.slice(0, 2)) SPOILT[about]!.spoil(at);
      });
      const named = wrong.slice(0, 2).map((about) => SPOILT[about]!.named);
      const bytes = readFileSync(await world.tar(spoilt(SPOILT['a part was changed']!.spoil), manifest));
      for (const [{ said }, names] of [
        [verify(folder), named],
        [verifyTar(bytes, 'input'), named.slice(1)],
      ] as const)
        for (const one of names) assert.match(said, new RegExp(`^BUNDLE_\\w+: ${one}\\b.*[Cc]opy`, 'm'));
      for (const about of ['a file is missing', 'two parts are swapped']) {
        const { spoil, code } = SPOILT[about]!;
        const told = verifyTar(readFileSync(await world.tar(spoilt(spoil), manifest)), 'input');
        assert.equal(told.code, BUNDLE_EXIT[code], `${about}: ${told.said}`);
        assert.match(told.said, new RegExp(`^${code}: `, 'm'));
      }
      assert.deepEqual(readdirSync(scratch()), []);
    });

    // What takes a second or more is tried by turns, where not every fault is asked for.
    const isMine = (at: number) => ALL_FAULTS || at % SHELLS.length === SHELLS.findIndex((one) => one.name === name);
    test(`finds each of ${TAR_CHANGES} changed bytes of a tar, in headers and between files too`, {
      timeout: LONG_MS,
    }, () => {
      const random = seeded(name === 'dash' ? 23 : 24);
      for (let n = 0; n < TAR_CHANGES; n++) {
        const changed = Buffer.from(tar);
        const at = random.whole(0, tar.length - 1);
        changed[at]! ^= random.whole(1, 255);
        const { code, said } = verifyTar(changed, 'file');
        assert.ok(code !== null && code >= 10, `byte ${at}: ${code} ${said}`);
      }
    });

    test('says of a pipe whose writer died that the archive is not whole', () => {
      const file = join(world.folder, `${name}-${copies++}.tar`);
      writeFileSync(file, tar);
      const command = shell === 'busybox' ? join(applets, 'sh') : 'dash';
      const words = `${command} ${SCRIPT} --anchor ${anchor} -`;
      const half = `{ head -c ${tar.length >> 1} ${file}; kill -9 $$; }`;
      const run = spawnSync('sh', ['-c', `sh -c '${half}' | PATH=${environment().PATH} ${words}`], {
        encoding: 'utf8',
      });
      assert.equal(run.status, BUNDLE_EXIT.BUNDLE_TAR_INVALID, run.stderr);
      assert.match(run.stderr, /it ends in the middle\. Copy it again\.$/m);
    });

    for (const [about, { spoil, code }] of Object.entries(SPOILT_TARS).filter((_, at) => isMine(at))) {
      test(`refuses a tar: ${about}`, () => {
        const told = verifyTar(spoil(tar), 'file');
        assert.equal(told.code, BUNDLE_EXIT[code], told.said);
        assert.match(told.said, new RegExp(`^${code}: `, 'm'));
      });
    }

    for (const [about, { code }] of Object.entries(SPOILT_LISTS).filter((_, at) => isMine(at))) {
      test(`takes no lists that ${about}, whoever signed them`, () => {
        const told = verify(spoilt((folder) => spoilLists(folder, about, world)));
        assert.equal(told.code, BUNDLE_EXIT[code], told.said);
        assert.match(told.said, new RegExp(`^${code}: `, 'm'));
      });
    }

    test('says of a file that cannot be read that it is the medium', { skip: mountMissing }, () => {
      const folder = spoilt(() => undefined);
      // Looks like a plain file, and reading it fails as a bad sector does.
      const file = join(folder, 'README.txt');
      execFileSync('mount', ['--bind', `/proc/${process.pid}/mem`, file]);
      try {
        const { code, said } = verify(folder);
        assert.equal(code, BUNDLE_EXIT.BUNDLE_MEDIUM_FAILED, said);
        assert.match(said, /^BUNDLE_MEDIUM_FAILED: README\.txt cannot be read: .*error/m);
      } finally {
        execFileSync('umount', [file]);
      }
    });

    /** Runs it with a `sha256sum` that does what `script` says; that is told where a line a call is counted, and has the real one in `$real`. */
    function meddling(bundle: string | number, script: (count: string) => string) {
      const tools = join(world.folder, `${name}-tools-${copies++}`);
      mkdirSync(tools);
      const real = environment()
        .PATH!.split(':')
        .map((at) => join(at, 'sha256sum'))
        .find(existsSync)!;
      const count = join(tools, 'count');
      const text = `#!/bin/sh\nreal=${real}\necho >>${count}\n${script(count)}\n`;
      writeFileSync(join(tools, 'sha256sum'), text, { mode: 0o755 });
      const command = shell === 'busybox' ? join(applets, 'sh') : 'dash';
      const env = { PATH: `${tools}:${environment().PATH}` };
      // A number: an open file, as its standard input.
      const [words, input] = typeof bundle === 'string' ? [bundle, 'ignore' as const] : ['-', bundle];
      const stdio: StdioOptions = [input, 'pipe', 'pipe'];
      return spawnSync(command, [SCRIPT, '--anchor', anchor, words], { env, encoding: 'utf8', cwd: '/', stdio });
    }

    test('takes nothing from a medium that answers a second read differently', () => {
      // All at once one file does not hold; asked again by itself, each does.
      const once = meddling(
        path,
        () => `case "$*" in *-c*) $real "$@" | sed '1s/OK$/FAILED/' ;; *) exec $real "$@" ;; esac`,
      );
      assert.equal(once.status, BUNDLE_EXIT.BUNDLE_MEDIUM_CHANGED, once.stderr);
      // Whoever answers with genuine lists first, and with lists for an altered file later.
      const folder = spoilt(() => undefined);
      const file = 'README.txt';
      const [was, is] = [readFileSync(join(folder, file)), Buffer.from('Read it never.\n')];
      const lie = (text: string) =>
        text.replaceAll(sha256Hex(was), sha256Hex(is)).replace(`"size":${was.length}`, `"size":${is.length}`);
      const [said, lists] = ['MANIFEST.json', 'SHA256SUMS'].map((list) => readFileSync(join(folder, list), 'utf8'));
      const later = join(world.folder, `later-${copies++}`);
      mkdirSync(later);
      writeFileSync(join(later, file), is);
      writeFileSync(join(later, 'MANIFEST.json'), lie(said!));
      writeFileSync(
        join(later, 'SHA256SUMS'),
        lie(lists!).replace(sha256Hex(Buffer.from(said!)), sha256Hex(Buffer.from(lie(said!)))),
      );
      // By the tenth time the lists' signatures were looked at.
      const changed = meddling(
        folder,
        (count) => `if [ "$(wc -l <${count})" -eq 9 ]; then cp ${later}/* ${folder}/; fi\nexec $real "$@"`,
      );
      assert.equal(changed.status, BUNDLE_EXIT.BUNDLE_FILE_ALTERED, `${changed.stdout}${changed.stderr}`);
    });

    test('half of itself, as a medium that breaks gives it, says of nothing that it is well', () => {
      const whole = readFileSync(SCRIPT);
      const half = join(world.folder, `${name}-half.sh`);
      for (let bytes = 256; bytes < whole.length - 8; bytes += 512) {
        writeFileSync(half, whole.subarray(0, bytes));
        const command = shell === 'busybox' ? join(applets, 'sh') : 'dash';
        const { status, stdout } = spawnSync(command, [half, '--anchor', anchor, join(world.folder, 'nowhere')], {
          env: environment(),
          encoding: 'utf8',
          cwd: '/',
        });
        assert.notEqual(status, 0, `of the first ${bytes} bytes`);
        assert.equal(stdout, '');
      }
    });

    test('says of a folder that a medium was unmounted from that it is gone', () => {
      const folder = spoilt(() => undefined);
      const gone = meddling(
        folder,
        (count) => `if [ "$(wc -l <${count})" -eq 3 ]; then rm -rf ${folder}/*; fi\nexec $real "$@"`,
      );
      assert.equal(gone.status, BUNDLE_EXIT.BUNDLE_MEDIUM_FAILED, gone.stderr);
      assert.match(gone.stderr, /^BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: .*Put it in again/);
    });

    test('reads no list, signature or key without end', () => {
      for (const file of ['MANIFEST.json', 'SHA256SUMS.sig', 'signers/revoked_keys.sig', 'signers/root.pub']) {
        const told = verify(spoilt((folder) => truncateSync(join(folder, file), MOST_CONTROL_BYTES + 1)));
        assert.equal(told.code, BUNDLE_EXIT.BUNDLE_TOO_LARGE, `${file}: ${told.said}`);
      }
    });

    test('says of a medium that is pulled out in the middle that it is gone, and of no file that it is missing', {
      skip: mountMissing || (stickMissing() ?? false),
    }, async () => {
      for (const form of ['folder', 'tar', 'input'] as const) {
        const medium = await stick('exfat', 32);
        const place = join(medium.at, 'bundle');
        if (form === 'folder') cpSync(path, place, { recursive: true });
        else cpSync(largeTar, place);
        const input = form === 'input' ? openSync(place, 'r') : null;
        try {
          // The third time that it hashes, the stick is gone; what comes next was not read ahead, as large as it is.
          const run = meddling(
            input ?? place,
            (count) => `if [ "$(wc -l <${count})" -eq 3 ]; then kill -9 ${medium.pid}; fi\nexec $real "$@"`,
          );
          assert.equal(run.status, BUNDLE_EXIT.BUNDLE_MEDIUM_FAILED, `${form}: ${run.stderr}`);
          assert.match(run.stderr, /^BUNDLE_MEDIUM_FAILED: The medium cannot be read any more/m);
        } finally {
          if (input !== null) closeGone(input);
          medium.end();
        }
      }
    });

    for (const [about, { spoil, code, named }] of Object.entries(SPOILT)) {
      test(`refuses: ${about}`, () => {
        const told = verify(spoilt(spoil));
        assert.equal(told.code, BUNDLE_EXIT[code], told.said);
        assert.match(told.said, new RegExp(`^${code}: `, 'm'));
        // Where a name itself is refused, the program says so of its field.
        // The shell's tools compare names in lower case.
        const shown = about.startsWith('a folder whose name') ? dirname(named) : named;
        if (named !== 'path') assert.ok(told.said.toLowerCase().includes(shown.toLowerCase()), told.said);
      });
    }

    for (const [about, { changes, seen, code }] of Object.entries(REFUSED)) {
      test(`refuses one of which ${about}`, async () => {
        const told = verify(changes === undefined ? path : await built(changes(world)), ...(seen?.options ?? []));
        assert.equal(told.code, BUNDLE_EXIT[code], told.said);
        assert.match(told.said, new RegExp(`^${code}: `, 'm'));
      });
    }

    test('refuses lists older than the known ones, and a root key that was not given', async () => {
      const cases: [string, keyof typeof BUNDLE_EXIT, ...string[]][] = [
        [path, 'BUNDLE_SIGNERS_INVALID', '--list-serial', '4'],
        [path, 'BUNDLE_SIGNER_UNKNOWN', '--fingerprint', fingerprint(publicOf(newKey()))],
        [join(world.folder, 'nowhere'), 'BUNDLE_FILE_MISSING'],
      ];
      for (const [folder, expected, ...options] of cases) {
        const { code, said } = verify(folder, ...options);
        assert.equal(code, BUNDLE_EXIT[expected], `${expected}: ${said}`);
      }
      const { code, said } = verify(await built({ lists: { none_before: '20260921' } }));
      assert.equal(code, 0, said);
      assert.match(said, /none is taken from before 2026-09-21\.$/m);
      assert.equal(verify(path, '--counter', 'x').code, 2);
      assert.equal(verify(path, '--nonsense').code, 2);
    });

    test('holds an update against the newest of its kind, and not against releases', async () => {
      const known = join(world.folder, `known-${copies++}`);
      mkdirSync(known);
      const update = await built({ about: { updates: 'malware-signatures', counter: 2 } });
      const taken = (...options: string[]) => verify(update, '--known', known, ...options).code;
      writeFileSync(join(known, 'newest_bundle.json'), '{"counter":7,"version":"1.2.3"}\n');
      assert.equal(taken(), 0);
      const newest = (text: string) => writeFileSync(join(known, 'newest_updates.json'), text);
      newest('{"malware-signatures":{"counter":2,"version":"1.0.0"},"models":{"counter":9,"version":"1.0.0"}}\n');
      assert.equal(taken(), 0);
      newest('{"models":{"counter":1,"version":"1.0.0"},"malware-signatures":{"counter":3,"version":"1.0.0"}}\n');
      assert.equal(taken(), BUNDLE_EXIT.BUNDLE_OLDER);
      assert.equal(taken('--counter', '2'), 0);
      newest('torn');
      assert.equal(taken(), 2);
    });

    test('takes nothing older than what this host has taken before', () => {
      const known = join(world.folder, `known-${copies++}`);
      mkdirSync(known);
      const taken = (...options: string[]) => verify(path, '--known', known, ...options).code;
      assert.equal(taken(), 0);
      writeFileSync(join(known, 'known_allowed_signers'), '# serial: 3\n');
      writeFileSync(join(known, 'newest_bundle.json'), '{"counter":7,"version":"1.2.3"}\n');
      assert.equal(taken(), 0);
      writeFileSync(join(known, 'known_revoked_keys'), '# serial: 4\n');
      assert.equal(taken(), BUNDLE_EXIT.BUNDLE_SIGNERS_INVALID);
      assert.equal(taken('--list-serial', '3'), 0);
      rmSync(join(known, 'known_revoked_keys'));
      writeFileSync(join(known, 'newest_bundle.json'), '{"counter":8,"version":"1.3.0"}\n');
      assert.equal(taken(), BUNDLE_EXIT.BUNDLE_OLDER);
      writeFileSync(join(known, 'newest_bundle.json'), 'torn');
      assert.equal(taken(), 2);
    });

    for (const [about, hide] of Object.entries(HIDDEN_KEYS)) {
      test(`does not believe a foreign key in the file of our root key: ${about}`, async () => {
        const foreign = newKey();
        const at = await built({ rootSigner: foreign });
        const [ours, theirs] = [world.root, foreign].map((key) => publicLine(publicOf(key)));
        writeFileSync(join(at, 'signers/root.pub'), hide(ours!, theirs!));
        const { code, said } = verify(at, '--fingerprint', fingerprint(publicOf(world.root)));
        assert.equal(code, BUNDLE_EXIT.BUNDLE_SIGNER_UNKNOWN, said);
      });
    }

    test('finds each changed byte of a signature’s file, also those that ssh-keygen overlooks', () => {
      const folder = spoilt(() => undefined);
      for (const name of ['MANIFEST.json.sig', 'SHA256SUMS.sig', 'signers/allowed_signers.sig']) {
        const file = join(folder, name);
        const before = readFileSync(file);
        const last = before.length - 1;
        const spoils: Buffer[] = [0, 28, 29, 99, 100, last - 30, last - 27, last - 1, last].map((at) => {
          const changed = Buffer.from(before);
          changed[at]! ^= 0x0a;
          return changed;
        });
        spoils.push(Buffer.concat([before, Buffer.from('\n')]), before.subarray(0, last));
        for (const [n, changed] of spoils.entries()) {
          writeFileSync(file, changed);
          const { code, said } = verify(folder);
          assert.equal(code, BUNDLE_EXIT.BUNDLE_SIGNATURE_INVALID, `${name}, ${n}: ${said}`);
        }
        writeFileSync(file, before);
      }
      assert.equal(verify(folder).code, 0);
    });

    test(`finds each of ${CHANGES} changed bytes`, { timeout: LONG_MS }, () => {
      const random = seeded(22);
      const folder = spoilt(() => undefined);
      const files = manifest.files.filter(({ size }) => size > 0).map((file) => file.path);
      files.push('MANIFEST.json', 'SHA256SUMS', 'MANIFEST.json.sig', 'SHA256SUMS.sig');
      for (let n = 0; n < CHANGES; n++) {
        const file = join(folder, random.pick(files));
        const before = readFileSync(file);
        const changed = Buffer.from(before);
        const at = random.whole(0, changed.length - 1);
        changed[at]! ^= random.whole(1, 255);
        writeFileSync(file, changed);
        const { code, said } = verify(folder);
        assert.ok(code !== null && code >= 10, `${file}, byte ${at}: ${code} ${said}`);
        writeFileSync(file, before);
      }
    });
  });
}
