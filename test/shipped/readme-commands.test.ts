import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fingerprint, publicLine, publicOf } from '../../appliance/bundle/sshsig/keys.ts';
import { type BundleWorld, bundleWorld, INPUTS, newKey } from '../support/bundle-world.ts';
import { type Ran, ROOT, runProgram } from '../support/shipped.ts';
import { HIDDEN_KEYS } from '../support/spoilt-bundles.ts';
import { SPOILT_TARS } from '../support/spoilt-tars.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** The commands of the bundle's README.txt, as they stand there, typed in its folder. */
describe('the hand-typed commands of README.txt', { skip: without(stockSshKeygen, 'ssh-keygen') }, () => {
  let folder: string;
  let world: BundleWorld;
  let path: string;
  let print: string;
  let tar: string;
  const commands = readFileSync(join(ROOT, 'host/bundle/README.txt'), 'utf8')
    .split('\n')
    .flatMap((line) => /^ {4}\$ (.+)$/.exec(line)?.[1] ?? []);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-readme-'));
    world = bundleWorld();
    const own = ['README.txt', 'verify.sh'].map((name) => ({
      path: name,
      from: readFileSync(join(ROOT, 'host/bundle', name)),
    }));
    const rest = INPUTS.filter((input) => input.path !== 'README.txt');
    const built = await world.build('stick', { inputs: [...own, ...rest], partBytes: 2 ** 30 });
    path = built.path;
    tar = await world.tar(path, built.manifest);
    print = fingerprint(publicOf(world.root));
  });
  after(() => {
    world.end();
    rmSync(folder, { recursive: true });
  });

  const type = (command: string, at = path): Promise<Ran> =>
    runProgram(['sh', '-c', command], {
      cwd: at,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        FINGERPRINT: print,
        COPY: join(folder, 'copy'),
        PACKAGE: tar,
        UNPACKED: join(folder, 'unpacked'),
      },
    });

  test('copy the medium, say "good" of the copy, and print nothing more', async () => {
    assert.equal(commands.length, 17);
    for (const command of commands) {
      const { code, out, err } = await type(command, command === commands[0] ? path : join(folder, 'copy'));
      // Of what looks for something that must not be there, the answer is that nothing was found.
      assert.equal(code, command.startsWith('tar -tvf') ? 1 : 0, `${command}: ${err}`);
      if (command.startsWith('ssh-keygen -l')) assert.ok(out.includes(print));
      else if (command.startsWith('ssh-keygen -Y')) assert.match(out, /^Good /);
      else if (command.startsWith('head -n 2')) assert.match(out, /^# serial: 3\n/);
      else if (!command.includes('verify.sh')) assert.equal(out + err, '', command);
    }
    assert.ok(
      commands.every((command) => !/^(?:\.\/)?(?:bin|appliance|host)\//.test(command)),
      'none runs a program of it',
    );
  });

  test('do the same of a tar, unpacked into a folder of its own, and find what is no plain file of it', async () => {
    const unpacked = join(folder, 'unpacked');
    execFileSync('diff', ['-r', path, unpacked]);
    for (const command of commands.slice(1, 11)) assert.equal((await type(command, unpacked)).code, 0, command);
    const look = commands.find((command) => command.startsWith('tar -tvf'))!;
    for (const about of ['a symbolic link', 'a hard link', 'a way up', 'an absolute path']) {
      const spoilt = join(folder, 'spoilt.tar');
      writeFileSync(spoilt, SPOILT_TARS[about]!.spoil(readFileSync(tar)));
      const { out } = await type(look.replaceAll('$PACKAGE', spoilt));
      assert.notEqual(out, '', about);
    }
  });

  test('find a file that was changed, one too many, and a key that nobody signed for', async () => {
    const spoilt = join(folder, 'spoilt');
    cpSync(path, spoilt, { recursive: true });
    const find = (part: string) => commands.find((command) => command.includes(part))!;
    writeFileSync(join(spoilt, 'docs-more.txt'), 'extra');
    await type(find('> ~/frostbyte-listed'), spoilt);
    assert.match((await type(find('diff ~/frostbyte-listed'), spoilt)).out, /docs-more\.txt/);
    renameSync(join(spoilt, 'README.txt'), join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), join(spoilt, 'README.txt'));
    assert.match((await type(find('find . ! -type f'), spoilt)).out, /README\.txt/);
    cpSync(join(path, 'README.txt'), join(spoilt, 'README.txt'), { force: true });
    rmSync(join(spoilt, 'docs-more.txt'));
    appendFileSync(join(spoilt, 'README.txt'), 'x');
    assert.equal((await type(find('sha256sum --quiet'), spoilt)).code, 1);
    appendFileSync(join(spoilt, 'SHA256SUMS'), `${'0'.repeat(64)}  more\n`);
    assert.notEqual((await type(find('SHA256SUMS.sig <'), spoilt)).code, 0);
  });

  for (const [about, hide] of Object.entries(HIDDEN_KEYS)) {
    test(`do not believe a foreign key in the file of our root key: ${about}`, async () => {
      const foreign = newKey();
      const built = await world.build(`foreign ${about}`, { rootSigner: foreign, partBytes: 2 ** 30 });
      const [ours, theirs] = [world.root, foreign].map((key) => publicLine(publicOf(key)));
      writeFileSync(join(built.path, 'signers/root.pub'), hide(ours!, theirs!));
      const seen: string[] = [];
      for (const command of commands.slice(1, 5)) {
        const { code, out } = await type(command, built.path);
        if (command.startsWith('ssh-keygen -l')) seen.push(out);
        if (command.includes('allowed_signers.sig') && seen.some((line) => line.includes(print)))
          assert.notEqual(code, 0, `believed after ${seen.join()}`);
      }
      assert.equal(seen.length, 1);
    });
  }
});
