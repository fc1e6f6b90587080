import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Ran, ROOT, runProgram } from '../support/shipped.ts';

/**
 * `scripts/toolchain` as it is, with a registry that fits on a page: an `npm` first in PATH that packs what lies in a
 * folder and notes each call. So refusals are tested without a network, and with packages that are known to be wrong.
 */
describe('the toolchain script', { skip: process.platform !== 'linux' && 'it is for Linux' }, () => {
  let folder: string;
  let project: string;
  let pins: {
    node: { version: string; packages: Record<string, { name: string; integrity: string }> };
    npm: { version: string; integrity: string };
  };

  /** Says its version; given npm's program to run, it says npm's. */
  const NODE = '#!/bin/sh\ncase "$1" in *npm-cli.js) test -e "$1" && echo 11.0.0;; *) echo v24.0.0;; esac\n';
  const runtime = `node-linux-${process.arch}`;
  const toolchain = (...path: string[]) => join(project, '.toolchain', ...path);
  const calls = () =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];

  /** A tarball as the registry has it; returns its integrity. */
  async function publish(name: string, file: string, text: string): Promise<string> {
    const source = join(folder, 'source', name);
    await mkdir(dirname(join(source, 'package', file)), { recursive: true });
    await writeFile(join(source, 'package', file), text, { mode: 0o755 });
    const tarball = join(folder, 'registry', `${name}.tgz`);
    execFileSync('tar', ['-czf', tarball, '-C', source, 'package']);
    return `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  }

  function run(change: (copy: typeof pins) => void = () => {}): Promise<Ran> {
    const copy = structuredClone(pins);
    change(copy);
    return writeFile(join(project, 'scripts/toolchain.json'), JSON.stringify(copy)).then(() =>
      runProgram([process.execPath, join(project, 'scripts/toolchain')], {
        // Its own folder first, as make sets it: what is damaged must not be what mends it.
        env: { PATH: `${toolchain('bin')}:${join(folder, 'bin')}:/usr/bin:/bin` },
      }),
    );
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-toolchain-'));
    await mkdir(join(folder, 'registry'));
    await mkdir(join(folder, 'bin'));
    // npm pack NAME@VERSION --pack-destination FOLDER --silent
    await writeFile(
      join(folder, 'bin/npm'),
      `#!/bin/sh\necho "$2" >> '${folder}/calls'\nexec cp '${folder}/registry/'"\${2%@*}.tgz" "$4/"\n`,
    );
    await chmod(join(folder, 'bin/npm'), 0o755);
    pins = {
      node: {
        version: '24.0.0',
        packages: {
          [process.arch]: {
            name: runtime,
            integrity: await publish(runtime, 'bin/node', NODE),
          },
        },
      },
      npm: { version: '11.0.0', integrity: await publish('npm', 'bin/npm-cli.js', '// npm\n') },
    };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    project = await mkdtemp(join(folder, 'project-'));
    await mkdir(join(project, 'scripts'));
    // A module without a package file above it is one by its syntax; the project's own says so.
    await writeFile(join(project, 'package.json'), '{"type":"module"}');
    await copyFile(join(ROOT, 'scripts/toolchain'), join(project, 'scripts/toolchain'));
    await rm(join(folder, 'calls'), { force: true });
  });

  it('installs what has the pinned hashes', async () => {
    const { code, err } = await run();
    assert.equal(code, 0, err);
    assert.equal(execFileSync(toolchain('bin/node'), { encoding: 'utf8' }).trim(), 'v24.0.0');
    assert.deepEqual(readdirSync(toolchain()).sort(), ['bin', 'integrity.json', 'node', 'npm']);
  });

  it('does nothing the second time and asks nobody', async () => {
    await run();
    assert.equal(calls().length, 2);
    const again = await run();
    assert.deepEqual([again.code, again.out, again.err], [0, '', '']);
    assert.equal(calls().length, 2);
  });

  const damages: readonly [string, () => unknown, RegExp][] = [
    ['its node is gone', () => rm(toolchain('node/bin/node')), /bin\/node does not run \(ENOENT\)/],
    ['its node may not run', () => chmod(toolchain('node/bin/node'), 0o644), /bin\/node does not run \(EACCES\)/],
    [
      'its node is cut short',
      () => writeFile(toolchain('node/bin/node'), Buffer.from('7f454c46', 'hex')),
      /bin\/node does not run \(/,
    ],
    [
      'its node is another version',
      () => writeFile(toolchain('node/bin/node'), '#!/bin/sh\necho v20.0.0\n'),
      /bin\/node is not version v24\.0\.0/,
    ],
    ['its npm is gone', () => rm(toolchain('npm'), { recursive: true }), /bin\/npm does not run \(it ended with 1\)/],
    ['its links are gone', () => rm(toolchain('bin'), { recursive: true }), /bin\/node does not run \(ENOENT\)/],
  ];
  for (const [what, damage, words] of damages) {
    it(`installs a toolchain again when ${what}, and says so`, async () => {
      await run();
      await damage();
      const { code, out, err } = await run();
      assert.equal(code, 0, err);
      assert.match(out, words);
      assert.match(out, /it is installed again/);
      assert.equal(execFileSync(toolchain('bin/node'), { encoding: 'utf8' }).trim(), 'v24.0.0');
      assert.ok(existsSync(toolchain('npm/bin/npm-cli.js')));
      assert.equal((await run()).out, '', 'and then it is whole');
    });
  }

  it('says what to do when a damaged toolchain cannot be fetched again', async () => {
    await run();
    await rm(toolchain('node/bin/node'));
    const tarball = join(folder, 'registry', `${runtime}.tgz`);
    await rename(tarball, `${tarball}.away`);
    try {
      const { code, err } = await run();
      assert.equal(code, 1);
      assert.match(err, /cannot be fetched .* the package registry is needed once; nothing was installed/);
      assert.match(err, /\.toolchain is damaged and cannot be used; run this again with the package registry in reach/);
    } finally {
      await rename(`${tarball}.away`, tarball);
    }
    assert.equal((await run()).code, 0, 'and the next try mends it');
  });

  const wrong = `sha512-${Buffer.alloc(64).toString('base64')}`;
  for (const [what, change] of [
    ['runtime', (copy: typeof pins) => (copy.node.packages[process.arch]!.integrity = wrong)],
    ['npm, the second package', (copy: typeof pins) => (copy.npm.integrity = wrong)],
  ] as const) {
    it(`refuses a wrong hash of the ${what} and installs nothing`, async () => {
      const { code, err } = await run(change);
      assert.equal(code, 1);
      assert.match(err, /has sha512 \S+, the lock says A+==; nothing was installed/);
      assert.deepEqual(readdirSync(toolchain()), []);
    });
  }

  it('keeps the toolchain that is there when the new one is wrong', async () => {
    await run();
    const { code } = await run((copy) => {
      copy.npm.integrity = wrong;
    });
    assert.equal(code, 1);
    assert.ok(existsSync(toolchain('bin/node')) && existsSync(toolchain('npm/bin/npm-cli.js')));
    // And it is not taken for the new one: the next run fetches again.
    const third = await run((copy) => {
      copy.npm.integrity = wrong;
    });
    assert.equal(third.code, 1);
  });

  it('says that the registry is needed when it cannot be reached', async () => {
    const { code, err } = await run((copy) => {
      copy.node.packages[process.arch]!.name = 'node-for-nothing';
    });
    assert.equal(code, 1);
    assert.match(err, /node-for-nothing 24\.0\.0 cannot be fetched .* nothing was installed/);
    assert.deepEqual(readdirSync(toolchain()), []);
  });
});
