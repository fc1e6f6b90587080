import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Clock } from '../../../appliance/kernel/clock.ts';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import { open, seal } from '../../../appliance/secrets/age-file.ts';
import { addStorage, nextStorage } from '../../../appliance/secrets/change-keys.ts';
import { makeKeyPair, parseIdentityFile } from '../../../appliance/secrets/identities.ts';
import {
  createRootKey,
  createTenantKeys,
  destroyTenantKeys,
  openRootKey,
  openStorageKeys,
  openTenantKeys,
} from '../../../appliance/secrets/keyring.ts';
import { openSops } from '../../../appliance/secrets/sops/sops-file.ts';

const clock: Clock = { now: () => 0, iso: () => '2026-01-01T00:00:00.000Z' };
const noKey = (error: unknown) => isFrostbyteError(error, 'KEY_UNAVAILABLE');

const within = (work: (folder: string) => Promise<void>) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe('root key', () => {
  it(
    'is made once, mode 0600, and never overwritten',
    within(async (folder) => {
      const file = join(folder, 'secrets', 'root.age');
      const root = await createRootKey(file, clock);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.deepEqual(await openRootKey(file), root);
      await assert.rejects(createRootKey(file, clock), noKey);
      assert.deepEqual(await openRootKey(file), root);
      assert.deepEqual(await readdir(join(folder, 'secrets')), ['root.age']);
    }),
  );

  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    it(
      `is refused with mode ${mode.toString(8)}, and the message names the mend`,
      within(async (folder) => {
        const file = join(folder, 'root.age');
        await createRootKey(file, clock);
        await chmod(file, mode);
        await assert.rejects(openRootKey(file), (error) => noKey(error) && /chmod 600 /.test((error as Error).message));
      }),
    );
  }

  it(
    'is refused as a link, a folder, junk, or two identities',
    within(async (folder) => {
      const file = join(folder, 'root.age');
      await createRootKey(file, clock);
      await symlink(file, join(folder, 'link'));
      await mkdir(join(folder, 'folder'), { mode: 0o700 });
      await writeFile(join(folder, 'junk'), 'junk', { mode: 0o600 });
      const text = await readFile(file, 'utf8');
      await writeFile(join(folder, 'two'), text + text, { mode: 0o600 });
      for (const name of ['link', 'folder', 'junk', 'two', 'missing']) {
        await assert.rejects(openRootKey(join(folder, name)), noKey, name);
      }
    }),
  );
});

describe('tenant keys', () => {
  it(
    'open with the root key, and a repeated call keeps them',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      const made = await createTenantKeys(root, join(folder, 'acme'), clock);
      assert.deepEqual(await createTenantKeys(root, join(folder, 'acme'), clock), made);
      assert.deepEqual(await openTenantKeys(root, join(folder, 'acme')), made);
      assert.deepEqual(await openStorageKeys(root, join(folder, 'acme')), made.storage);
      assert.equal(made.key_version, 1);
      const sealed = await seal([made.storage.recipient], Buffer.from('x'));
      assert.equal((await open(made.storage.identities, sealed)).toString(), 'x');
      assert.notEqual(made.storage.recipient, made.recipient);
    }),
  );

  it(
    'of one tenant do not open those of another, nor without the root key',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      const acme = await createTenantKeys(root, join(folder, 'acme'), clock);
      const beta = await createTenantKeys(root, join(folder, 'beta'), clock);
      const sealed = await seal([acme.storage.recipient], Buffer.from('x'));
      await assert.rejects(open([...beta.storage.identities, ...beta.identities], sealed), noKey);
      await assert.rejects(openTenantKeys(await makeKeyPair(), join(folder, 'acme')), noKey);
      const secrets = await readFile(join(folder, 'acme', 'secrets.sops.yaml'), 'utf8');
      await assert.rejects(openSops(secrets, [root.identity, ...beta.identities]), noKey);
    }),
  );

  it(
    'complete what an interrupted call left',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      const made = await createTenantKeys(root, join(folder, 'acme'), clock);
      await rm(join(folder, 'acme', 'secrets.sops.yaml'));
      await writeFile(join(folder, 'acme', '.secrets.sops.yaml.6f1c7a2e-0000-4000-8000-000000000000.new'), 'torn');
      const again = await createTenantKeys(root, join(folder, 'acme'), clock);
      assert.equal(again.recipient, made.recipient);
      assert.notEqual(again.storage.recipient, made.storage.recipient);
    }),
  );

  it(
    'made by several callers at once are the same for all',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      const all = await Promise.all([1, 2, 3, 4].map(() => createTenantKeys(root, join(folder, 'acme'), clock)));
      for (const keys of all) assert.deepEqual(keys, all[0]);
    }),
  );

  it(
    'are read newest first, the newest being written for',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      const first = await createTenantKeys(root, join(folder, 'acme'), clock);
      const at = { root, folder: join(folder, 'acme'), clock };
      const next = await nextStorage(at, 2);
      await addStorage(at, next);
      const keys = await openStorageKeys(root, join(folder, 'acme'));
      assert.equal(keys.recipient, next.pair.recipient);
      assert.deepEqual(keys.identities, [next.pair.identity, ...first.storage.identities]);
    }),
  );

  it(
    'report damage as damage',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      await createTenantKeys(root, join(folder, 'acme'), clock);
      const file = join(folder, 'acme', 'identity-0001.age');
      const bytes = await readFile(file);
      bytes[bytes.length - 1]! ^= 1;
      await writeFile(file, bytes);
      await assert.rejects(openTenantKeys(root, join(folder, 'acme')), (error) =>
        isFrostbyteError(error, 'OBJECT_CORRUPTED'),
      );
    }),
  );

  it(
    'are gone after destruction, which can be repeated',
    within(async (folder) => {
      const root = await createRootKey(join(folder, 'root'), clock);
      await createTenantKeys(root, join(folder, 'acme'), clock);
      await writeFile(join(folder, 'acme', '.identity-0002.age.left.new'), 'torn');
      await destroyTenantKeys(join(folder, 'acme'));
      assert.deepEqual(await readdir(folder), ['root']);
      await destroyTenantKeys(join(folder, 'acme'));
      await assert.rejects(openTenantKeys(root, join(folder, 'acme')), noKey);
    }),
  );
});

describe('identity files', () => {
  it('take comments, empty lines and Windows line ends', async () => {
    const pair = await makeKeyPair();
    assert.deepEqual(await parseIdentityFile(Buffer.from(`# mine\r\n\r\n${pair.identity}\r\n`)), pair);
  });

  it('are refused without an identity, with a wrong checksum, or far too long', async () => {
    const { identity } = await makeKeyPair();
    for (const text of [
      '',
      '# only a comment\n',
      identity.toLowerCase(),
      `${identity.slice(0, -1)}1`,
      'AGE-SECRET-KEY-1',
      `${identity}\n${'#'.repeat(20_000)}`,
    ]) {
      await assert.rejects(parseIdentityFile(Buffer.from(text)), noKey);
    }
  });
});
