import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { changeSigners, createSigners, readSigners } from '../../../../appliance/bundle/signers/folder.ts';
import { withEnd, withRevocation, withSigner } from '../../../../appliance/bundle/signers/lists.ts';
import { fingerprint, publicLine, publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { newKey } from '../../../support/bundle-world.ts';
import { stockSshKeygen, without } from '../../../support/stock-tools.ts';

const all = mkdtempSync(join(tmpdir(), 'frostbyte-signers-'));
after(() => rmSync(all, { recursive: true }));

let place: string;
let folder: string;
let key: string;
const at = (name: string) => join(place, name);
const root = () => ({ key });
let tests = 0;
beforeEach(() => {
  place = join(all, String(++tests));
  mkdirSync(place);
  folder = at('signers');
  key = at('root.key');
  writeFileSync(key, newKey().export({ type: 'pkcs8', format: 'pem' }));
});

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
const release = publicOf(newKey());
const signer = { key: release, comment: 'release', valid_after: day(-3), valid_before: day(3) };
const addRelease = () => changeSigners(folder, root(), (lists) => withSigner(lists, signer));
const serial = () => readSigners(folder).lists.serial;

describe('a folder of signers’ lists', () => {
  test('is begun empty, changed by the root key alone, and read with its signatures', async () => {
    const made = await createSigners(folder, root());
    assert.deepEqual(made.lists, { serial: 1, none_before: null, signers: [], revocations: [] });
    assert.deepEqual(readSigners(folder), made);
    assert.deepEqual(readdirSync(folder).sort(), [
      ...['allowed_signers', 'allowed_signers.sig', 'revoked_keys', 'revoked_keys.sig', 'root.pub'],
    ]);
    assert.deepEqual((await addRelease()).lists.signers, [signer]);
    assert.equal(serial(), 2);

    await assert.rejects(createSigners(folder, root()), { code: 'VALIDATION_ERROR', message: /not empty/ });
    const other = at('other.key');
    writeFileSync(other, newKey().export({ type: 'pkcs8', format: 'pem' }));
    await assert.rejects(
      changeSigners(folder, { key: other }, (lists) => withEnd(lists, release, day(1))),
      { code: 'KEY_UNAVAILABLE', message: /is not the root key of/ },
    );
    await assert.rejects(addRelease(), { code: 'VALIDATION_ERROR' });
    assert.equal(serial(), 2, 'what was refused changes nothing');
  });

  test('is refused where a byte of it is another, or a file is missing', async () => {
    await createSigners(folder, root());
    await addRelease();
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name));
      for (const at of [0, bytes.length >> 1, bytes.length - 2]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        writeFileSync(join(folder, name), changed);
        assert.throws(() => readSigners(folder), { code: /^BUNDLE_SIGN|^KEY_UNAVAILABLE$/ }, `${name} at ${at}`);
        await assert.rejects(addRelease(), { code: /^BUNDLE_SIGN|^KEY_UNAVAILABLE$/ }, `${name} at ${at}`);
      }
      rmSync(join(folder, name));
      assert.throws(() => readSigners(folder), { code: 'BUNDLE_FILE_MISSING' }, name);
      writeFileSync(join(folder, name), bytes);
    }
    assert.equal(serial(), 2);
  });

  test('never goes back: an older copy, or a new beginning, is refused by the number that the root key has signed', async () => {
    await createSigners(folder, root());
    cpSync(folder, at('older'), { recursive: true });
    await addRelease();
    assert.equal(readFileSync(`${key}.serial`, 'utf8'), '2\n');
    rmSync(folder, { recursive: true });
    renameSync(at('older'), folder);
    const older = { code: 'BUNDLE_OLDER', message: /has signed edition 2; the lists here are edition 1/ };
    await assert.rejects(addRelease(), older);
    await assert.rejects(createSigners(at('anew'), root()), { code: 'BUNDLE_OLDER', message: /are new/ });
    assert.ok(!existsSync(at('anew')));
    writeFileSync(`${key}.serial`, 'two\n');
    await assert.rejects(addRelease(), { code: 'BUNDLE_SIGNERS_INVALID' });
    const unwritable = { key, record: join(place, 'nowhere', 'serial') };
    await assert.rejects(
      changeSigners(folder, unwritable, (lists) => withSigner(lists, signer)),
      { code: 'VALIDATION_ERROR', message: /--record/ },
    );
    assert.deepEqual([serial(), readdirSync(folder).includes('.next')], [1, false], 'not signed without its record');
    const elsewhere = { key, record: at('elsewhere') };
    assert.equal((await changeSigners(folder, elsewhere, (lists) => withSigner(lists, signer))).lists.serial, 2);
    assert.equal(readFileSync(at('elsewhere'), 'utf8'), '2\n');
  });

  test('holds one edition or the other, wherever making one was cut short', async () => {
    await createSigners(folder, root());
    cpSync(folder, at('first'), { recursive: true });
    await addRelease();
    cpSync(folder, at('second'), { recursive: true });
    const files = ['root.pub', 'allowed_signers', 'allowed_signers.sig', 'revoked_keys', 'revoked_keys.sig'];
    const states: [name: string, make: () => void, serial: number][] = [
      ...files.map((_, made): (typeof states)[number] => [
        `${made} files signed`,
        () => {
          mkdirSync(join(folder, '.next'));
          for (const name of files.slice(0, made)) cpSync(join(at('second'), name), join(folder, '.next', name));
        },
        1,
      ]),
      ...[...files, 'all'].map((_, moved): (typeof states)[number] => [
        `${moved} files in their place`,
        () => {
          cpSync(at('second'), join(folder, '.next'), { recursive: true });
          for (const name of files.slice(0, moved)) renameSync(join(folder, '.next', name), join(folder, name));
        },
        2,
      ]),
      [
        'signed by nobody',
        () => {
          cpSync(at('second'), join(folder, '.next'), { recursive: true });
          writeFileSync(join(folder, '.next/allowed_signers'), '# serial: 9\n');
        },
        1,
      ],
    ];
    for (const [name, make, expected] of states) {
      rmSync(folder, { recursive: true });
      cpSync(at('first'), folder, { recursive: true });
      make();
      assert.equal(serial(), expected, name);
      assert.deepEqual(readdirSync(folder).sort(), [...files].sort(), name);
    }
  });
});

describe('the stock tool, with lists that were made here', { skip: without(stockSshKeygen, 'ssh-keygen') }, () => {
  const keygen = (...args: string[]) => execFileSync('ssh-keygen', ['-q', ...args], { encoding: 'utf8' });
  /** Whether `ssh-keygen` finds the lists signed by the root key, and a file by the release key. */
  const stock = () => {
    const anchor = at('anchor');
    writeFileSync(anchor, `frostbyte-root ${readFileSync(join(folder, 'root.pub'), 'utf8')}`);
    const verify = (signers: string, who: string, what: string, file: string, ...more: string[]) => {
      const args = ['-Y', 'verify', '-f', signers, ...more, '-I', who, '-n', what, '-s', `${file}.sig`];
      return spawnSync('ssh-keygen', args, { input: readFileSync(file) }).status === 0;
    };
    const [allowed, revoked] = [join(folder, 'allowed_signers'), join(folder, 'revoked_keys')];
    return {
      lists: [allowed, revoked].map((file) => verify(anchor, 'frostbyte-root', 'frostbyte-signers', file)),
      release: verify(allowed, 'frostbyte-release', 'frostbyte-bundle', at('sums'), '-r', revoked),
    };
  };
  const withRelease = async (signing: { key: string }, days: [number, number]) => {
    keygen('-t', 'ed25519', '-N', '', '-f', at('release'));
    writeFileSync(at('sums'), 'sums\n');
    keygen('-Y', 'sign', '-f', at('release'), '-n', 'frostbyte-bundle', at('sums'));
    const [type, base64] = readFileSync(at('release.pub'), 'utf8').split(' ');
    const bytes = Buffer.from(base64!, 'base64').subarray(-32);
    assert.equal(publicLine({ bytes }), `${type} ${base64}`);
    await createSigners(folder, signing);
    assert.deepEqual(stock(), { lists: [true, true], release: false });
    const [valid_after, valid_before] = days.map(day) as [string, string];
    const added = { key: { bytes }, comment: 'of a test', valid_after, valid_before };
    await changeSigners(folder, signing, (lists) => withSigner(lists, added));
    return { bytes };
  };

  test('accepts them and who is named, refuses who is revoked or has ended', async () => {
    const named = await withRelease(root(), [-3, 3]);
    assert.deepEqual(stock(), { lists: [true, true], release: true });
    await changeSigners(folder, root(), (lists) => withEnd(lists, named, day(-1)));
    assert.deepEqual(stock(), { lists: [true, true], release: false });
  });

  test('refuses who is revoked, and who is not valid yet', async () => {
    const named = await withRelease(root(), [-3, 3]);
    await changeSigners(folder, root(), (lists) =>
      withRevocation(lists, { key: named, since: day(0), reason: 'lost' }),
    );
    assert.deepEqual(stock(), { lists: [true, true], release: false });
    place = at('later');
    mkdirSync(place);
    folder = at('signers');
    key = at('root.key');
    writeFileSync(key, newKey().export({ type: 'pkcs8', format: 'pem' }));
    await withRelease(root(), [2, 9]);
    assert.deepEqual(stock(), { lists: [true, true], release: false });
  });

  test('signs them with a root key that a passphrase locks', async (t) => {
    const asked = at('ask');
    writeFileSync(asked, '#!/bin/sh\necho open sesame\n', { mode: 0o700 });
    environment(t, { SSH_ASKPASS: asked, SSH_ASKPASS_REQUIRE: 'force' });
    key = at('locked');
    keygen('-t', 'ed25519', '-N', 'open sesame', '-f', key);
    // Its public half stands in the file.
    rmSync(`${key}.pub`);
    await withRelease(root(), [-3, 3]);
    assert.deepEqual(stock(), { lists: [true, true], release: true });
    assert.equal(keygen('-l', '-f', join(folder, 'root.pub')).split(' ')[1], fingerprint(readSigners(folder).root));
    writeFileSync(asked, '#!/bin/sh\necho wrong\n', { mode: 0o700 });
    await assert.rejects(
      changeSigners(folder, root(), (lists) => withEnd(lists, lists.signers[0]!.key, day(1))),
      { code: 'KEY_UNAVAILABLE' },
    );
    assert.equal(serial(), 2);
  });

  test('signs them with a root key that an agent holds, and keeps one number for both its names', async (t) => {
    const agent = execFileSync('ssh-agent', ['-s'], { encoding: 'utf8' });
    t.after(() => process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)![1])));
    environment(t, { SSH_AUTH_SOCK: /SSH_AUTH_SOCK=([^;]+)/.exec(agent)![1]! });
    keygen('-t', 'ed25519', '-N', '', '-f', at('held'));
    execFileSync('ssh-add', ['-q', at('held')]);
    rmSync(at('held'));
    key = at('held.pub');
    await withRelease(root(), [-3, 3]);
    assert.deepEqual(stock(), { lists: [true, true], release: true });
    assert.equal(readFileSync(at('held.serial'), 'utf8'), '2\n');
    execFileSync('ssh-add', ['-q', '-D'], { stdio: 'ignore' });
    await assert.rejects(
      changeSigners(folder, root(), (lists) => withEnd(lists, lists.signers[0]!.key, day(1))),
      { code: 'KEY_UNAVAILABLE' },
    );
    assert.equal(serial(), 2);
  });
});

function environment(t: { after(end: () => void): void }, changes: Record<string, string>): void {
  for (const [name, value] of Object.entries(changes)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}
