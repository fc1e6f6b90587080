import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, test } from 'node:test';
import { makeDelta } from '../../appliance/bundle/delta/make-delta.ts';
import { BUNDLE_EXIT } from '../../appliance/bundle/exit-codes.ts';
import { readManifest } from '../../appliance/bundle/format/manifest.ts';
import { forgetCached } from '../../appliance/bundle/medium/settle.ts';
import { writeMedium } from '../../appliance/bundle/medium/write-medium.ts';
import { fingerprint, publicLine, publicOf } from '../../appliance/bundle/sshsig/keys.ts';
import { verifyBundle } from '../../appliance/bundle/verify/verify-bundle.ts';
import { type BundleWorld, bundleWorld, INPUTS } from '../support/bundle-world.ts';
import { until } from '../support/faults/until.ts';
import { type Ran, ROOT, runProgram, unpackShipped } from '../support/shipped.ts';
import { closeGone, type Stick, type StickFormat, stick, stickMissing } from '../support/stick.ts';

/** Much more than the program itself reads of itself. */
const LARGE_MB = 96;

/** A bundle on a stick with the file systems that sticks have, written by the command that ships. */
/** Every byte, whatever order and modes a file system has. */
function same(one: string, other: string): void {
  const { status, stdout, stderr } = spawnSync('diff', ['-r', one, other], { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

describe('writing a bundle to a stick', { skip: stickMissing() ?? false }, () => {
  let folder: string;
  let frostbyte: string;
  let world: BundleWorld;
  let path: string;
  let anchor: string;
  let medium: Stick | undefined;
  /** Words that are easily found on the medium. */
  const MARK = Buffer.from('a mark that is nowhere else, '.repeat(40));
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-medium-'));
    frostbyte = unpackShipped(join(folder, 'package'));
    world = bundleWorld();
    const inputs = [...INPUTS, { path: 'docs/mark.txt', from: MARK }];
    path = (await world.build('frostbyte-1.2.3-linux-amd64', { inputs })).path;
    anchor = join(folder, 'allowed_signers');
    writeFileSync(anchor, `frostbyte-root ${publicLine(publicOf(world.root))}\n`);
  });
  afterEach(() => {
    medium?.end();
    medium = undefined;
  });
  after(() => {
    world?.end();
    if (folder) rmSync(folder, { recursive: true });
  });
  const write = (to: string, ...more: string[]): Promise<Ran> =>
    runProgram([frostbyte, 'bundle', 'write', path, to, '--anchor', anchor, ...more], {
      env: { PATH: process.env.PATH ?? '' },
    });
  const trusting = () => {
    const { anchor: root, at, host, hashers } = world.options();
    return { anchor: root, at, host, hashers };
  };
  const have = async (format: StickFormat, megabytes = 64): Promise<Stick> => {
    medium = await stick(format, megabytes);
    return medium;
  };

  for (const format of ['exfat', 'fat32'] as const) {
    test(`writes to ${format}, reads back, and leaves what every verifier takes`, async () => {
      const { at } = await have(format);
      const ran = await write(at, '--json');
      assert.equal(ran.code, 0, ran.err);
      const told = JSON.parse(ran.out) as Record<string, unknown>;
      assert.equal(told.at, join(at, basename(path)));
      assert.equal(told.read_from_medium, true);
      same(path, String(told.at));
      assert.deepEqual(
        readdirSync(at).filter((name) => name.startsWith('frostbyte')),
        [basename(path)],
      );
      const again = await write(at);
      assert.equal(again.code, 2);
      assert.match(again.err, /There is a bundle at .* already/);
      assert.equal((await write(at, '--replace')).code, 0);
      same(path, String(told.at));
    });
  }

  test('writes a delta, reads it back, and takes no delta for a bundle, nor the other way round', async () => {
    const newer = await world.build('frostbyte-1.2.4-linux-amd64', {
      about: { version: '1.2.4', counter: 8 },
      inputs: [...INPUTS, { path: 'docs/mark.txt', from: Buffer.from('another mark') }],
    });
    const delta = join(folder, 'frostbyte-1.2.3-to-1.2.4');
    makeDelta(path, newer.path, delta);
    const { at } = await have('exfat');
    const put = (...more: string[]) =>
      runProgram([frostbyte, 'bundle', 'write', delta, at, '--anchor', anchor, ...more], {
        env: { PATH: process.env.PATH ?? '' },
      });
    assert.equal((await put()).code, BUNDLE_EXIT.BUNDLE_PART_MISSING);
    assert.equal(existsSync(join(at, basename(delta))), false);
    const ran = await put('--delta');
    assert.equal(ran.code, 0, ran.err);
    assert.match(ran.out, /^The delta is as it was signed: to version 1\.2\.4/m);
    same(delta, join(at, basename(delta)));
  });

  test('refuses a folder of the host’s own disk', async () => {
    const ran = await write(folder);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /is no medium to write to: nothing is mounted there/);
  });

  test('says before it writes that there is no room', async () => {
    const { at } = await have('exfat', 8);
    assert.notEqual(spawnSync('dd', ['if=/dev/zero', `of=${join(at, 'full')}`, 'bs=4096', 'status=none']).status, 0);
    const ran = await write(at);
    assert.match(ran.err, /There is no room for the bundle/);
    assert.deepEqual(
      readdirSync(at).filter((name) => name.startsWith('frostbyte')),
      [],
    );
  });

  test('finds what the medium holds otherwise than it was written, and names the file', async () => {
    const { at, image } = await have('exfat');
    const spoiling = (copy: string) => {
      const bytes = readFileSync(image);
      const place = bytes.indexOf(MARK);
      assert.ok(place > 0, 'the mark is on the medium');
      const fd = openSync(image, 'r+');
      writeSync(fd, Buffer.from('A'), 0, 1, place);
      closeSync(fd);
      return forgetCached(copy);
    };
    await assert.rejects(writeMedium(path, { ...trusting(), medium: at, forget: spoiling }), {
      code: 'BUNDLE_FILE_ALTERED',
      message: /docs\/mark\.txt/,
    });
    assert.equal(existsSync(join(at, basename(path))), false);
  });

  test('takes the place of what was broken off', async () => {
    const { at } = await have('exfat');
    const begun = join(at, basename(path));
    mkdirSync(join(begun, 'bin'), { recursive: true });
    writeFileSync(join(begun, 'bin/node'), 'half of i');
    assert.equal((await write(at)).code, 0);
    same(path, begun);
  });

  test('says that the medium was pulled out', async () => {
    const { at, pull } = await have('exfat');
    await assert.rejects(
      writeMedium(path, {
        ...trusting(),
        medium: at,
        progress: (phase, done, total) => {
          if (phase === 'writing' && done >= total / 2) pull();
        },
      }),
      { code: 'BUNDLE_MEDIUM_FAILED' },
    );
  });

  for (const way of ['folder', 'tar', 'standard input'] as const) {
    test(`ends the program that ships with its exit code when it is pulled out while a ${way} of it is read`, async () => {
      const large = { path: 'docs/large.bin', from: Buffer.alloc(LARGE_MB << 20, 'large') };
      const built = await world.build(`pulled ${way}`, { inputs: [...INPUTS, large], partBytes: 2 ** 30 });
      const { at, pull } = await have('exfat', 2 * LARGE_MB);
      const place = join(at, 'bundle');
      if (way === 'folder') cpSync(built.path, place, { recursive: true });
      else cpSync(await world.tar(built.path, built.manifest), place);
      forgetCached(place);
      const input = way === 'standard input' ? openSync(place, 'r') : null;
      const target = join(folder, 'pulled');
      const words = ['bundle', 'verify', input === null ? place : '-', '--anchor', anchor, '--to', target];
      const program = spawn(frostbyte, words, { stdio: [input ?? 'ignore', 'ignore', 'pipe'] });
      const said = text(program.stderr!);
      try {
        const read = () => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${program.pid}/io`, 'latin1'))?.[1]);
        await until('a third of it to be read', () => read() > (LARGE_MB << 20) / 3);
        pull();
        const [code] = await once(program, 'close');
        assert.equal(code, 40, await said);
      } finally {
        if (input !== null) closeGone(input);
      }
      assert.match(await said, /^BUNDLE_MEDIUM_FAILED: .*pulled out.*Put it in again/m);
      assert.match(await said, way === 'standard input' ? /path = "standard input"/ : /path = "docs\/large\.bin"/);
      assert.doesNotMatch(await said, /stack trace|node::/);
      const left = readdirSync(folder).filter((name) => name.startsWith('pulled'));
      assert.deepEqual(left, [], 'nothing is left of what did not hold');
    });
  }

  test('says that it was pulled out while it was verified, and of no file that it is missing', async () => {
    const { at, pull } = await have('exfat');
    const { at: place } = await writeMedium(path, { ...trusting(), medium: at });
    forgetCached(place);
    const pulled = verifyBundle(place, {
      ...trusting(),
      target: join(folder, 'pulled'),
      progress: (done, total) => {
        if (done >= total / 2) pull();
      },
    });
    await assert.rejects(pulled, { code: 'BUNDLE_MEDIUM_FAILED' });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('pulled')),
      [],
    );
  });

  test('of which a pipe or a device ends too early is no whole bundle, to both verifiers', async () => {
    const bytes = readFileSync(await world.tar(path, readManifest(readFileSync(join(path, 'MANIFEST.json'), 'utf8'))));
    const disk = join(folder, 'short');
    writeFileSync(disk, bytes);
    const env = { PATH: process.env.PATH ?? '' };
    const half = (bytes.length >> 10) * 512;
    const words = ['--find', '--show', '--read-only', `--sizelimit=${half}`, disk];
    const device = execFileSync('losetup', words, { encoding: 'utf8' }).trim();
    const script = join(ROOT, 'host/bundle/verify.sh');
    try {
      for (const verify of [`'${frostbyte}' bundle verify`, `sh '${script}'`]) {
        const given = `${verify} --anchor '${anchor}'`;
        const cut = await runProgram(['sh', '-c', `${given} ${device}`], { env });
        assert.equal(cut.code, BUNDLE_EXIT.BUNDLE_TAR_INVALID, cut.err);
        // Whoever writes into a pipe is killed in the middle.
        const writer = `sh -c "head -c ${half} '${disk}'; kill -9 \\$\\$"`;
        const died = await runProgram(['sh', '-c', `${writer} | ${given} -`], { env });
        assert.equal(died.code, BUNDLE_EXIT.BUNDLE_TAR_INVALID, died.err);
        assert.match(died.err, /it ends in the middle[\s\S]*[Cc]opy it again/);
      }
    } finally {
      execFileSync('losetup', ['--detach', device]);
    }
  });

  test('is verified from a device that nobody can write to, with whatever was on it behind the bundle', async () => {
    const tar = await world.tar(path, readManifest(readFileSync(join(path, 'MANIFEST.json'), 'utf8')));
    const bytes = readFileSync(tar);
    const disk = join(folder, 'disk');
    const print = fingerprint(publicOf(world.root));
    const verified = async (content: Buffer) => {
      writeFileSync(disk, Buffer.concat([content, Buffer.alloc(1 << 20, 'what was here before')]));
      const words = ['--find', '--show', '--read-only', disk];
      const device = execFileSync('losetup', words, { encoding: 'utf8' }).trim();
      try {
        const env = { PATH: process.env.PATH ?? '' };
        const ours = await runProgram([frostbyte, 'bundle', 'verify', device, '--fingerprint', print], { env });
        const script = join(ROOT, 'host/bundle/verify.sh');
        const theirs = await runProgram(['sh', script, '--fingerprint', print, device], { env });
        return [ours.code, theirs.code];
      } finally {
        execFileSync('losetup', ['--detach', device]);
      }
    };
    assert.deepEqual(await verified(bytes), [0, 0]);
    const changed = Buffer.from(bytes);
    changed[bytes.indexOf(MARK)]! ^= 1;
    assert.deepEqual(await verified(changed), [BUNDLE_EXIT.BUNDLE_FILE_ALTERED, BUNDLE_EXIT.BUNDLE_FILE_ALTERED]);
  });
});
