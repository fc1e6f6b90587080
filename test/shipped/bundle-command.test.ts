import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BUNDLE_EXIT } from '../../appliance/bundle/exit-codes.ts';
import { CONTROL_FILES } from '../../appliance/bundle/format/control-files.ts';
import { fingerprint, publicLine, publicOf, readPublicLine } from '../../appliance/bundle/sshsig/keys.ts';
import { type BundleWorld, bundleWorld } from '../support/bundle-world.ts';
import { type Ran, runProgram, unpackShipped } from '../support/shipped.ts';
import { SPOILT } from '../support/spoilt-bundles.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** `frostbyte bundle …` as it ships, its threads and all. */
describe('the command for bundles', () => {
  let folder: string;
  let frostbyte: string;
  let world: BundleWorld;
  let path: string;
  let tar: string;
  let anchor: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-bundle-command-'));
    frostbyte = unpackShipped(join(folder, 'package'));
    world = bundleWorld();
    const built = await world.build('frostbyte-1.2.3-linux-amd64');
    path = built.path;
    tar = await world.tar(path, built.manifest);
    anchor = join(folder, 'allowed_signers');
    writeFileSync(anchor, `frostbyte-root ${publicLine(publicOf(world.root))}\n`);
  });
  after(() => {
    world.end();
    rmSync(folder, { recursive: true });
  });
  const bundle = (...args: string[]): Promise<Ran> =>
    runProgram([frostbyte, 'bundle', ...args], { env: { PATH: process.env.PATH ?? '' } });

  test('verifies a folder, a tar and standard input, and copies what it verified', async () => {
    for (const [name, words] of [
      ['folder', ['verify', path]],
      ['tar', ['verify', tar]],
    ] as const) {
      const to = join(folder, `from-${name}`);
      const ran = await bundle(...words, '--anchor', anchor, '--to', to);
      assert.equal(ran.code, 0, ran.err);
      assert.match(
        ran.out,
        /^The bundle is as it was signed: version 1\.2\.3, counter 7, .* built 2026-09-21, by SHA256:.*; its maker has withdrawn none\.$/m,
      );
      execFileSync('cmp', [join(path, 'bin/node'), join(to, 'bin/node')]);
      assert.ok(existsSync(join(to, 'models/weights.bin')));
    }
    const to = join(folder, 'from-input');
    const script = `'${frostbyte}' bundle verify - --fingerprint '${fingerprint(publicOf(world.root))}' --to '${to}' --json <'${tar}'`;
    const piped = await runProgram(['sh', '-c', script], { env: { PATH: process.env.PATH ?? '' } });
    assert.equal(piped.code, 0, piped.err);
    const told = JSON.parse(piped.out) as Record<string, unknown>;
    assert.deepEqual([told.version, told.signer], ['1.2.3', fingerprint(publicOf(world.release))]);
    execFileSync('diff', ['-r', join(folder, 'from-tar'), to]);
    const through = `cat '${tar}' | '${frostbyte}' bundle verify - --anchor '${anchor}'`;
    assert.equal((await runProgram(['sh', '-c', through], { env: { PATH: process.env.PATH ?? '' } })).code, 0);
    const current = join(folder, 'current');
    symlinkSync(path, current);
    assert.equal((await bundle('verify', current, '--anchor', anchor)).code, 0, 'by a link that was named');
  });

  test('tells what is in one, absent components too', async () => {
    const { code, out } = await bundle('inspect', path, '--anchor', anchor);
    assert.equal(code, 0);
    assert.match(out, /upgrades from +1\.1\.0 up to 1\.2\.3/);
    assert.match(out, /models +absent: search knows words only/);
    assert.match(out, /^bin\/ +1 +0\.0 MiB$/m);
  });

  test('ends with the exit code of what is wrong, and names it', async () => {
    for (const name of ['a file was changed', 'two parts are swapped', 'a link', 'the manifest is unsigned']) {
      const { spoil, code } = SPOILT[name]!;
      const spoilt = join(world.folder, `spoilt-${name.replaceAll(' ', '-')}`);
      cpSync(path, spoilt, { recursive: true });
      spoil(spoilt);
      const ran = await bundle('verify', spoilt, '--anchor', anchor);
      assert.equal(ran.code, BUNDLE_EXIT[code], ran.err);
      assert.match(ran.err, new RegExp(`^${code}: `, 'm'));
    }
    assert.equal((await bundle('verify', path, '--anchor', join(folder, 'nowhere'))).code, 2);
    assert.equal((await bundle('verify', path, '--anchor', anchor, '--counter', 'many')).code, 2);
    assert.equal((await bundle('verify', path, '--anchor', anchor, '--counter', '8')).code, BUNDLE_EXIT.BUNDLE_OLDER);
    const older = await bundle('verify', path, '--anchor', anchor, '--counter', '8', '--allow-older');
    assert.equal(older.code, 0);
  });

  test('believes no list of signers that is older than this host’s, and takes no bundle older than its newest', async () => {
    const known = join(folder, 'known');
    mkdirSync(known);
    const verify = (...args: string[]) => bundle('verify', path, '--anchor', anchor, '--known', known, ...args);
    assert.equal((await verify()).code, 0, 'a host that has taken nothing yet');
    const revoked = `# serial: 4\n# revoked since 20260101: lost\n${publicLine(publicOf(world.release))}\n`;
    writeFileSync(join(known, 'known_revoked_keys'), revoked);
    assert.equal((await verify()).code, BUNDLE_EXIT.BUNDLE_SIGNER_REVOKED);
    for (const command of ['inspect', 'load'])
      assert.equal(
        (await bundle(command, path, '--anchor', anchor, '--known', known)).code,
        BUNDLE_EXIT.BUNDLE_SIGNER_REVOKED,
      );
    // Older than the bundle's own: that one counts.
    writeFileSync(join(known, 'known_revoked_keys'), revoked.replace('serial: 4', 'serial: 2'));
    assert.equal((await verify()).code, 0);
    writeFileSync(join(known, 'newest_bundle.json'), '{"counter":8,"version":"1.3.0"}\n');
    assert.equal((await verify()).code, BUNDLE_EXIT.BUNDLE_OLDER);
    assert.equal((await verify('--counter', '7')).code, BUNDLE_EXIT.BUNDLE_OLDER);
    assert.equal((await verify('--allow-older')).code, 0);
    writeFileSync(join(known, 'newest_bundle.json'), 'torn');
    assert.match((await verify()).err, /^STORE_CORRUPTED: /m);
  });

  test('signs one that was built without a key, with a key in a file', {
    skip: without(stockSshKeygen, 'ssh-keygen'),
  }, async () => {
    const key = join(folder, 'release.key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const unsigned = join(world.folder, 'unsigned');
    cpSync(path, unsigned, { recursive: true });
    for (const name of ['MANIFEST.json', 'SHA256SUMS']) rmSync(join(unsigned, `${name}.sig`));
    assert.equal((await bundle('sign', unsigned, '--key', key)).code, 0);
    // Of this key the root key has said nothing.
    const told = await bundle('verify', unsigned, '--anchor', anchor);
    assert.equal(told.code, BUNDLE_EXIT.BUNDLE_SIGNER_UNKNOWN, told.err);
    const list = join(folder, 'list');
    writeFileSync(list, `frostbyte-release ${readFileSync(`${key}.pub`, 'utf8')}`);
    for (const name of ['MANIFEST.json', 'SHA256SUMS']) {
      const file = join(unsigned, name);
      const args = [
        '-Y',
        'verify',
        '-f',
        list,
        '-I',
        'frostbyte-release',
        '-n',
        'frostbyte-bundle',
        '-s',
        `${file}.sig`,
      ];
      assert.match(execFileSync('ssh-keygen', args, { input: readFileSync(file), encoding: 'utf8' }), /^Good /);
    }
    assert.equal((await bundle('sign', folder, '--key', key)).code, BUNDLE_EXIT.BUNDLE_FILE_MISSING);
  });

  test('makes the lists of who signs with a root key, and a bundle with them is believed until its signer is revoked', {
    skip: without(stockSshKeygen, 'ssh-keygen'),
  }, async () => {
    const [root, key, signers] = [join(folder, 'own-root.key'), join(folder, 'own.key'), join(folder, 'own-signers')];
    for (const file of [root, key]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    const lists = (...args: string[]) => bundle('signers', ...args, '--key', root);
    const done = async (...args: string[]) => {
      const ran = await lists(...args, '--json');
      assert.equal(ran.code, 0, ran.err);
      return JSON.parse(ran.out) as { root: string; serial: number; signers: Record<string, unknown>[] };
    };
    assert.equal((await done('create', signers)).serial, 1);
    const print = fingerprint(readPublicLine(readFileSync(`${key}.pub`, 'utf8')));
    const words = ['add', signers, `${key}.pub`, '--from', '2026-01-01', '--until', '2099-12-31', '--comment', 'us'];
    const added = await done(...words);
    assert.deepEqual(added.signers, [
      { key: print, comment: 'us', from: '2026-01-01', until: '2099-12-31', revoked: false },
    ]);
    assert.match(readFileSync(join(signers, 'allowed_signers'), 'utf8'), /,valid-before="21000101" /);

    const own = join(world.folder, 'with-own-lists');
    const { path: built } = await world.build('with-own-lists-unsigned', {
      inputs: [{ path: 'README.txt', from: Buffer.from('read\n') }],
    });
    const anchored = join(folder, 'own-anchor');
    writeFileSync(anchored, `frostbyte-root ${readFileSync(`${root}.pub`, 'utf8')}`);
    const rebuilt = async () => {
      rmSync(own, { recursive: true, force: true });
      const { files: _, joined: __, ...about } = JSON.parse(readFileSync(join(built, 'MANIFEST.json'), 'utf8'));
      const inputs = [
        ...CONTROL_FILES.filter((name) => name.startsWith('signers/')).map((name) => ({
          path: name,
          from: join(signers, name.replace('signers/', '')),
        })),
        { path: 'README.txt', from: join(built, 'README.txt') },
      ];
      writeFileSync(join(folder, 'own.json'), JSON.stringify({ inputs, about }));
      const ran = await bundle('build', join(folder, 'own.json'), '--out', own, '--key', key);
      assert.equal(ran.code, 0, ran.err);
      return (await bundle('verify', own, '--anchor', anchored)).code;
    };
    assert.equal(await rebuilt(), 0);
    await done('end', signers, print, '--until', '2026-01-31');
    assert.equal(await rebuilt(), BUNDLE_EXIT.BUNDLE_SIGNER_OUTDATED);
    assert.equal((await done('revoke', signers, print, '--because', 'lost', '--since', '2026-01-02')).serial, 4);
    assert.equal(await rebuilt(), BUNDLE_EXIT.BUNDLE_SIGNER_REVOKED);

    const shown = await bundle('signers', 'show', signers);
    assert.match(shown.out, /^Edition 4, signed by the root key SHA256:/);
    assert.match(shown.out, new RegExp(`^${print.replaceAll(/[+/]/g, '.')} +2026-01-02 +lost$`, 'm'));
    for (const wrong of ['2026-02-30', '20260101', 'soon'])
      assert.equal((await lists('end', signers, print, '--until', wrong)).code, 2);
    assert.equal((await lists('end', signers, 'SHA256:nobody', '--until', '2026-01-01')).code, 2);
    assert.equal((await lists('create', join(folder, 'anew'))).code, BUNDLE_EXIT.BUNDLE_OLDER);
  });

  test('builds from a list of contents, and puts a newer one together from a delta', async () => {
    writeFileSync(join(folder, 'guide.txt'), 'one');
    const { files: _, joined: __, ...about } = JSON.parse(readFileSync(join(path, 'MANIFEST.json'), 'utf8'));
    const inputs = CONTROL_FILES.filter((name) => name.startsWith('signers/')).map((name) => ({
      path: name,
      from: join(path, name),
    }));
    const key = join(folder, 'trial.pem');
    writeFileSync(key, world.release.export({ type: 'pkcs8', format: 'pem' }));
    const build = async (version: string, guide: string) => {
      writeFileSync(join(folder, 'guide.txt'), guide);
      const list = join(folder, `${version}.json`);
      const all = [
        ...inputs,
        { path: 'docs/guide.txt', from: 'guide.txt' },
        { path: 'bin/node', from: join(path, 'bin/node'), executable: true },
      ];
      writeFileSync(list, JSON.stringify({ inputs: all, about: { ...about, version, counter: 8 } }));
      const out = join(folder, `built-${version}`);
      const ran = await bundle('build', list, '--out', out, '--key', key, '--tar', `${out}.tar`);
      assert.equal(ran.code, 0, ran.err);
      assert.equal((await bundle('verify', `${out}.tar`, '--anchor', anchor)).code, 0);
      return out;
    };
    const [older, newer] = [await build('1.2.4', 'one'), await build('1.2.5', 'two')];
    const delta = join(folder, 'delta');
    const made = await bundle('diff', older, newer, '--out', delta);
    assert.match(made.out, /^1\.2\.4 → 1\.2\.5: 10 files/, made.err);
    const target = join(folder, 'put-together');
    const words = ['apply-delta', delta, '--older', older, '--anchor', anchor, '--engine', join(folder, 'no-engine')];
    assert.match((await bundle(...words)).out, /Version 1\.2\.5 can be put together here\.\nNo engine was asked\./);
    assert.match(
      (await bundle(...words, '--to', target)).out,
      /^Install it: sh .*put-together\/install\.sh --upgrade$/m,
    );
    execFileSync('diff', ['-r', newer, target]);
    assert.equal((await bundle('verify', target, '--anchor', anchor)).code, 0);
    rmSync(join(older, 'bin/node'));
    assert.equal((await bundle(...words)).code, BUNDLE_EXIT.BUNDLE_FILE_MISSING);
    writeFileSync(join(folder, 'wrong.json'), '{"inputs":[]}');
    assert.equal((await bundle('build', join(folder, 'wrong.json'), '--out', join(folder, 'wrong'))).code, 2);
  });
});
