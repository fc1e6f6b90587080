import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { applyDelta } from '../../appliance/bundle/delta/apply-delta.ts';
import { makeDelta } from '../../appliance/bundle/delta/make-delta.ts';
import { fingerprint, publicLine, publicOf } from '../../appliance/bundle/sshsig/keys.ts';
import { ABOUT, type BundleWorld, bundleWorld, newKey } from '../support/bundle-world.ts';
import { requireBuild } from '../support/shipped.ts';
import { stick, stickMissing } from '../support/stick.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** `install.sh`, from a bundle with our program and its runtime in it, as a field engineer runs it. */

const ROOT = resolve(import.meta.dirname, '../..');
const skip = without(stockSshKeygen, 'ssh-keygen') || (process.geteuid?.() === 0 ? false : 'needs root');

let world: BundleWorld;
let path: string;
let build: (name: string, about: Partial<typeof ABOUT>, more: readonly Input[]) => Promise<string>;
let root: string;
let hosts = 0;

before(async () => {
  if (skip) return;
  requireBuild();
  world = bundleWorld();
  const program = globSync('**/*', { cwd: join(ROOT, 'dist') })
    // Of the weights' runtime nothing is asked here, and it is large.
    .filter((file) => !/onnxruntime|^assets\//.test(file) && statSync(join(ROOT, 'dist', file)).isFile())
    .map((file) => ({
      path: `appliance/${file}`,
      from: join(ROOT, 'dist', file),
      ...(file === 'frostbyte' ? { executable: true as const } : {}),
    }));
  build = async (name, about, more) =>
    (
      await world.build(name, {
        inputs: [
          { path: 'install.sh', from: join(ROOT, 'host/bundle/install.sh'), executable: true },
          { path: 'verify.sh', from: join(ROOT, 'host/bundle/verify.sh'), executable: true },
          { path: 'bin/node', from: join(ROOT, '.toolchain/node/bin/node'), executable: true },
          ...program,
          ...more,
        ],
        // No machine has so many processors: preflight has something to refuse everywhere.
        about: {
          arch: process.arch === 'x64' ? 'amd64' : 'arm64',
          requirements: { ...ABOUT.requirements, cpus: 5000 },
          ...about,
        },
        partBytes: 2 ** 30,
      })
    ).path;
  path = await build('medium', {}, [{ path: 'README.txt', from: join(ROOT, 'host/bundle/README.txt') }]);
});
after(() => world?.end());

/** A host that knows nothing yet. */
function fresh(): string {
  root = join(world.folder, `host-${hosts++}`);
  for (const folder of ['etc', 'opt', 'var/lib']) mkdirSync(join(root, folder), { recursive: true });
  return root;
}

const print = () => fingerprint(publicOf(world.root));
const install = (medium: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('dash', [join(medium, 'install.sh'), '--root', root, ...args], {
    encoding: 'utf8',
    cwd: '/',
  });
  return { code: status, out: stdout, said: stderr };
};
const quarantine = () => readdirSync(join(root, 'opt/frostbyte/quarantine'));

describe('install.sh', { skip }, () => {
  test('verifies, copies and plans by a fingerprint from paper, and changes nothing in a dry run', () => {
    fresh();
    const { code, out, said } = install(path, '--fingerprint', print(), '--', '--dry-run');
    assert.equal(code, 0, said);
    assert.match(said, /The bundle is as it was signed: version 1\.2\.3/);
    assert.match(said, /the medium may be pulled out/);
    assert.match(out, /2 +Put release 1\.2\.3 in its place +to be done/);
    assert.deepEqual(quarantine(), ['1.2.3'], 'nothing else is left there');
    assert.equal(existsSync(join(root, 'opt/frostbyte/releases')), false);
    assert.equal(existsSync(join(root, 'etc/frostbyte')), false);
    for (const file of ['bin/node', 'appliance/cli.mjs', 'MANIFEST.json', 'SHA256SUMS.sig'])
      assert.deepEqual(
        readFileSync(join(root, 'opt/frostbyte/quarantine/1.2.3', file)),
        readFileSync(join(path, file)),
        file,
      );
  });

  test('takes what was put together of the copy that is here and a delta to a newer one', async () => {
    const more = [{ path: 'README.txt', from: Buffer.from('read me again\n') }];
    const newer = await build('newer', { version: '1.2.4', counter: 8 }, more);
    const [delta, whole] = [join(world.folder, 'delta'), join(world.folder, 'put-together')];
    assert.ok(makeDelta(path, newer, delta).bytes < 2 ** 20);
    const older = join(root, 'opt/frostbyte/quarantine/1.2.3');
    const options = world.options();
    const host = { ...options.host, arch: process.arch === 'x64' ? ('amd64' as const) : ('arm64' as const) };
    await applyDelta(delta, { ...options, host, older, target: whole, needed: null, lean: false });
    const { code, out, said } = install(whole, '--fingerprint', print(), '--', '--dry-run');
    assert.equal(code, 0, said);
    assert.match(said, /The bundle is as it was signed: version 1\.2\.4/);
    assert.match(out, /Put release 1\.2\.4 in its place/);
    for (const folder of [newer, whole, join(root, 'opt/frostbyte/quarantine/1.2.4')])
      rmSync(folder, { recursive: true });
  });

  test('needs no copy twice, and no medium once there is one', () => {
    const copy = join(root, 'opt/frostbyte/quarantine/1.2.3');
    const before = statSync(join(copy, 'bin/node')).ino;
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
    assert.equal(statSync(join(copy, 'bin/node')).ino, before);
  });

  test('says of a medium that goes away when it is verified, or copied, that it is gone', () => {
    for (const [about, left, status] of [
      ['verified', 'nothing', 2],
      ['read', 'nothing', 0],
      ['copied', 'MANIFEST.json', 0],
    ] as const) {
      fresh();
      const medium = join(world.folder, `away-${about}`);
      cpSync(path, medium, { recursive: true });
      writeFileSync(join(medium, 'verify.sh'), `find ${medium} -type f ! -name ${left} -delete\nexit ${status}\n`);
      const { code, said } = install(medium, '--fingerprint', print(), '--', '--dry-run');
      assert.equal(code, 40, said);
      assert.match(said, /^BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: .*Put it in again/m);
      assert.deepEqual(quarantine(), []);
    }
  });

  test('takes nothing of a medium that answers differently once it is verified, wherever its paths lead', () => {
    fresh();
    const medium = join(world.folder, 'two-faced', 'stick');
    cpSync(path, medium, { recursive: true });
    // What it shows to whoever reads it first, and what to whoever reads it then.
    cpSync(path, join(world.folder, 'two-faced', 'first'), { recursive: true });
    const planted = join(world.folder, 'two-faced', '1.2.3', 'bin', 'node');
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, `#!/bin/sh\ntouch ${join(world.folder, 'was-run')}\n`, { mode: 0o755 });
    const line = `${createHash('sha256').update(readFileSync(planted)).digest('hex')}  bin/../../1.2.3/bin/node\n`;
    const then = join(world.folder, 'two-faced', 'then');
    writeFileSync(then, line + readFileSync(join(path, 'SHA256SUMS'), 'utf8'));
    writeFileSync(
      join(medium, 'verify.sh'),
      // What it is asked: the fingerprint, the counter, the edition of the lists, and this medium.
      `sh ${join(world.folder, 'two-faced', 'first')}/verify.sh "$1" "$2" "$3" "$4" "$5" "$6" ${join(world.folder, 'two-faced', 'first')} || exit
cp ${then} ${join(medium, 'SHA256SUMS')}
`,
    );
    const { code, said } = install(medium, '--fingerprint', print(), '--', '--dry-run');
    assert.equal(code, 41, said);
    assert.match(said, /The bundle is as it was signed[\s\S]*BUNDLE_MEDIUM_CHANGED: .*does not answer the same twice/);
    assert.deepEqual(
      quarantine().filter((name) => name !== '.tool'),
      [],
    );
    assert.equal(existsSync(join(world.folder, 'was-run')), false);
  });

  /** Runs it with a `cp` that does what `script` says first. */
  const withCopy = (medium: string, script: string) => {
    const tools = join(world.folder, `tools-${hosts++}`);
    mkdirSync(tools);
    writeFileSync(join(tools, 'cp'), `#!/bin/sh\n${script}\nPATH=\${PATH#*:}\nexec cp "$@"\n`, { mode: 0o755 });
    const words = [join(medium, 'install.sh'), '--root', root, '--fingerprint', print(), '--', '--dry-run'];
    const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
    const { status, stderr } = spawnSync('dash', words, { encoding: 'utf8', cwd: '/', env });
    return { code: status, said: stderr };
  };

  test('says of a medium that is pulled out once it is verified that it is gone, and goes on when it is there again', {
    skip: stickMissing() ?? false,
  }, async () => {
    fresh();
    const medium = await stick('exfat', 512);
    try {
      const place = join(medium.at, 'bundle');
      cpSync(path, place, { recursive: true });
      // Behind verify.sh, which copies too; until nothing of it can be opened any more.
      const gone = `kill -9 ${medium.pid}; until ! cat "$1" >/dev/null 2>&1; do :; done`;
      const { code, said } = withCopy(place, `case "$2" in */quarantine/*) ${gone} ;; esac`);
      assert.equal(code, 40, said);
      assert.match(said, /^BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: .*Put it in again and repeat/m);
    } finally {
      medium.end();
    }
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
  });

  test('says of a host whose disk is full that it is that disk, and not the medium', () => {
    fresh();
    const small = join(root, 'opt');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'frostbyte-test', small]);
    try {
      const { code, said } = install(path, '--fingerprint', print(), '--', '--dry-run');
      assert.equal(code, 1, said);
      assert.match(said, /^DISK_FULL: The disk of .*quarantine is full\. Free some space and repeat\.$/m);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('half of itself, as a medium that breaks gives it, does nothing', () => {
    fresh();
    const whole = readFileSync(join(path, 'install.sh'));
    const half = join(world.folder, 'half.sh');
    for (let bytes = 256; bytes < whole.length - 8; bytes += 512) {
      writeFileSync(half, whole.subarray(0, bytes));
      const { status } = spawnSync('dash', [half, '--root', root], { cwd: '/' });
      assert.notEqual(status, 0, `of the first ${bytes} bytes`);
    }
    assert.deepEqual(readdirSync(join(root, 'opt')), []);
  });

  test('does not install on a host that preflight refuses, says what to mend, and is run again', () => {
    fresh();
    const { code, said } = install(path, '--fingerprint', print(), '--', '--progress', 'none');
    assert.equal(code, 1, said);
    assert.match(said, /^ {2}processors: \d+; 5000 are needed\n {6}→ /m);
    assert.match(said, /^PREFLIGHT_FAILED: This host cannot take the release yet\. Nothing was changed\./m);
    assert.equal(existsSync(join(root, 'opt/frostbyte/releases')), false);
    assert.equal(existsSync(join(root, 'opt/frostbyte/current')), false);
    assert.equal(existsSync(join(root, 'var/lib/frostbyte/operations')), false);
  });

  test('runs nothing of a bundle that was changed, or is not ours', () => {
    fresh();
    const changed = join(world.folder, 'changed');
    cpSync(path, changed, { recursive: true });
    const trap = join(root, 'it-ran');
    writeFileSync(
      join(changed, 'appliance/cli.mjs'),
      `import { writeFileSync } from 'node:fs'; writeFileSync('${trap}', '');`,
    );
    const { code, said } = install(changed, '--fingerprint', print());
    assert.ok(code === 33 || code === 34 || code === 35, `${code}: ${said}`);
    assert.match(said, /The bundle was not installed\./);
    assert.equal(install(path, '--fingerprint', fingerprint(publicOf(newKey()))).code, 12);
    assert.equal(install(path).code, 2, 'without an anchor nothing is believed');
    assert.deepEqual(quarantine(), []);
    assert.equal(existsSync(trap), false);
    rmSync(changed, { recursive: true });
  });

  test('takes this host’s anchor, and nothing older than what was taken here before', () => {
    fresh();
    const settings = join(root, 'etc/frostbyte');
    mkdirSync(settings);
    writeFileSync(join(settings, 'allowed_signers'), `frostbyte-root ${publicLine(publicOf(world.root))}\n`);
    assert.equal(install(path, '--', '--dry-run').code, 0);
    writeFileSync(join(settings, 'newest_bundle.json'), '{"counter":8,"version":"1.3.0"}\n');
    assert.equal(install(path, '--', '--dry-run').code, 51);
    writeFileSync(join(settings, 'newest_bundle.json'), 'torn');
    assert.equal(install(path, '--', '--dry-run').code, 1);
    rmSync(join(settings, 'newest_bundle.json'));
    writeFileSync(join(settings, 'known_revoked_keys'), '# serial: 99\n');
    assert.equal(install(path, '--', '--dry-run').code, 15);
  });

  test('takes an older one where somebody says why; what was refused is evidence once a release is here', () => {
    fresh();
    mkdirSync(join(root, 'etc/frostbyte'));
    writeFileSync(join(root, 'etc/frostbyte/newest_bundle.json'), '{"counter":8,"version":"1.3.0"}\n');
    const given = ['--fingerprint', print()];
    assert.equal(install(path, ...given, '--', '--dry-run').code, 51);
    assert.equal(existsSync(join(root, 'var/lib/frostbyte')), false, 'nothing of it is believed here yet');
    assert.equal(install(path, ...given, '--allow-older', '--', '--dry-run').code, 2, 'without a reason');
    const because = ['--allow-older', '--', '--reason', 'the newer one does not print', '--dry-run'];
    assert.equal(install(path, ...given, ...because).code, 0);
    symlinkSync('quarantine/1.2.3', join(root, 'opt/frostbyte/current'));
    assert.equal(install(path, ...given, '--', '--dry-run').code, 51);
    const told = readFileSync(join(root, 'var/lib/frostbyte/evidence/evidence.jsonl'), 'utf8');
    const { action, result, detail } = JSON.parse(told) as { action: string; result: string; detail: unknown };
    assert.deepEqual([action, result, detail], ['verify', 'refused', { code: 'BUNDLE_OLDER', medium: path }]);
  });

  test('a copy that was changed after it was verified is not installed', () => {
    fresh();
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
    appendFileSync(join(root, 'opt/frostbyte/quarantine/1.2.3/SHA256SUMS'), '\n');
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 11);
  });

  test('runs alone: a second one is told who runs, and one that died is not in the way', () => {
    fresh();
    const busy = join(root, 'opt/frostbyte/quarantine/.busy');
    mkdirSync(busy, { recursive: true });
    const other = spawn('dash', ['-c', 'read _', 'install.sh'], { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      writeFileSync(join(busy, 'pid'), `${other.pid}\n`);
      writeFileSync(join(busy, 'boot'), readFileSync('/proc/sys/kernel/random/boot_id'));
      const { code, said } = install(path, '--fingerprint', print(), '--', '--dry-run');
      assert.equal(code, 1);
      assert.match(said, new RegExp(`Another install\\.sh runs on this host: process ${other.pid}`));
      // Of a boot before this one: the number is another's, whatever that one runs.
      writeFileSync(join(busy, 'boot'), '00000000-0000-4000-8000-000000000000\n');
      assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
    } finally {
      other.kill('SIGKILL');
    }
    // One that is gone, and one whose number is another program’s by now.
    mkdirSync(busy, { recursive: true });
    writeFileSync(join(busy, 'pid'), `${process.pid}\n`);
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
    mkdirSync(busy, { recursive: true });
    writeFileSync(join(busy, 'pid'), `${spawnSync('true').pid}\n`);
    assert.equal(install(path, '--fingerprint', print(), '--', '--dry-run').code, 0);
    // One whose number is its own now.
    mkdirSync(busy, { recursive: true });
    const script = 'echo $$ >"$1/pid" && cat /proc/sys/kernel/random/boot_id >"$1/boot" && shift && exec dash "$@"';
    const words = ['--root', root, '--fingerprint', print(), '--', '--dry-run'];
    const { status, stderr } = spawnSync('dash', ['-c', script, '-', busy, join(path, 'install.sh'), ...words]);
    assert.equal(status, 0, stderr.toString());
    assert.equal(existsSync(busy), false);
  });
});
