import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Ran, ROOT, runProgram } from '../support/shipped.ts';

/** `scripts/setup-host` on a host that we make: a PATH with the tools it has, its user, and its package manager. */
describe('setting up a host', () => {
  const TOOLS =
    'age clamd curl gcc make mkfs.ext4 fsck.ext4 losetup mount openssl unshare setpriv prlimit tar fallocate ssh-keygen dash busybox pip3 mkfs.exfat mount.exfat-fuse mkfs.vfat fusefat'.split(
      ' ',
    );
  let folder: string;
  let bin: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-setup-'));
    bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const tool of ['bash', 'cat', 'sort', 'tr']) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
    for (const tool of TOOLS) program(tool, 'exit 0');
    program('id', 'echo 0');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function program(name: string, script: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }

  /** A package manager that notes what it is asked and installs `made`. */
  function packageManager(made: readonly string[], code = 0): void {
    const makes = made.map((name) => `printf '#!/bin/sh\\n' >'${bin}/${name}'; /usr/bin/chmod 755 '${bin}/${name}'`);
    program('apt-get', [`echo "$@" >>'${folder}/asked'`, ...makes, `exit ${code}`].join('\n'));
  }

  const asked = () => (existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8') : '');
  /** The script's own addition to PATH must not find this machine's tools. */
  const run = (...args: string[]): Promise<Ran> => {
    const text = readFileSync(join(ROOT, 'scripts/setup-host'), 'utf8').replace(':/usr/sbin:/sbin', '');
    writeFileSync(join(folder, 'setup-host'), text, { mode: 0o755 });
    return runProgram([join(bin, 'bash'), join(folder, 'setup-host'), ...args], { env: { PATH: bin } });
  };

  it('does nothing and says nothing where all is there', async () => {
    packageManager([]);
    const { code, out, err } = await run('--strict');
    assert.deepEqual([code, out, err, asked()], [0, '', '', '']);
  });

  it('installs what is missing, by the name of its package', async () => {
    rmSync(join(bin, 'clamd'));
    rmSync(join(bin, 'age'));
    packageManager(['clamd', 'age']);
    const { code, err } = await run('--strict');
    assert.deepEqual([code, err], [0, '']);
    assert.match(asked(), /^install .* age clamav-daemon$/m);
  });

  it('takes a compiler without headers for none', async () => {
    program('gcc', 'exit 1');
    packageManager(['gcc']);
    const { code, err } = await run('--strict');
    assert.equal(code, 0, err);
    assert.match(asked(), /gcc libc6-dev/);
  });

  for (const [what, prepare] of [
    ['the package manager fails', () => packageManager([], 100)],
    ['the package manager ends well without installing it', () => packageManager([])],
    ['there is no package manager', () => {}],
    [
      'it is not root',
      () => {
        packageManager(['age']);
        program('id', 'echo 1000');
      },
    ],
  ] as const)
    it(`names what is missing when ${what}: a failure in CI, else a word`, async () => {
      rmSync(join(bin, 'age'));
      prepare();
      const strict = await run('--strict');
      assert.equal(strict.code, 1, strict.err);
      assert.match(strict.err, /still missing: age; tests that need them are left out/);
      const lenient = await run();
      assert.equal(lenient.code, 0);
      assert.equal(lenient.err, strict.err);
    });

  it('is strict where CI calls it', () => {
    assert.match(
      readFileSync(join(ROOT, '.ci/run'), 'utf8'),
      /^scripts\/setup-host --strict --stack --box --browser$/m,
    );
  });
});
