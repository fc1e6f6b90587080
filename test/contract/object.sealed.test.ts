import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { sealObjects } from '../../appliance/secrets/sealed-objects.ts';
import { openFilesystemObjects } from '../../appliance/stores/object/filesystem.ts';
import { totalOf } from '../../appliance/stores/object/total.ts';
import { objectContract } from './object.suite.ts';

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'sealed-'));
  const { identity, recipient } = await makeKeyPair();
  const keys = { recipient, identities: [identity], recipients: [recipient] };
  const make = () => sealObjects(openFilesystemObjects(folder), async () => keys);
  return { folder, keys, store: make(), reopen: async () => make(), end: () => rm(folder, { recursive: true }) };
}

// The folder counts sealed bytes; the contract counts what callers wrote.
objectContract('sealed folder', async () => {
  const made = await world();
  const plain = (store: typeof made.store) => ({ ...store, usage: () => totalOf(store.list('')) });
  return { ...made, store: plain(made.store), reopen: async () => plain(await made.reopen()) };
});

describe('sealed objects', () => {
  it('leave no plaintext on the disk, and the file there is an age file of the storage identity', async () => {
    const { folder, keys, store, end } = await world();
    const secret = Buffer.from('The settlement sum is confidential.'.repeat(10_000));
    const draft = await store.begin();
    await draft.write(secret);
    await draft.commit('raw/acme/a');
    const stored = await readFile(join(folder, 'raw/acme/a'));
    assert.equal(stored.indexOf('settlement'), -1);
    assert.deepEqual(await open(keys.identities, stored), secret);
    await end();
  });

  it('open what an older identity sealed, and seal for the newest', async () => {
    const { folder, keys, store, end } = await world();
    await store.put('raw/acme/old', Buffer.from('old'));
    const next = await makeKeyPair();
    keys.identities.unshift(next.identity);
    keys.recipient = next.recipient;
    await store.put('raw/acme/new', Buffer.from('new'));
    assert.equal(Buffer.from(await store.read('raw/acme/old')).toString(), 'old');
    assert.equal((await open([next.identity], await readFile(join(folder, 'raw/acme/new')))).toString(), 'new');
    keys.identities.pop();
    await assert.rejects(store.read('raw/acme/old'), (error) => isFrostbyteError(error, 'KEY_UNAVAILABLE'));
    await end();
  });

  it('are all listed though one of them is damaged', async () => {
    const { folder, store, end } = await world();
    await store.put('raw/acme/a', Buffer.from('a'));
    await store.put('raw/acme/b', Buffer.from('bb'));
    await writeFile(join(folder, 'raw/acme/a'), 'junk');
    const found: unknown[] = [];
    for await (const each of store.list('raw/')) found.push(each);
    assert.deepEqual(found, [
      { key: 'raw/acme/a', size: 4 },
      { key: 'raw/acme/b', size: 2 },
    ]);
    await assert.rejects(store.size('raw/acme/a'), (error) => isFrostbyteError(error, 'OBJECT_CORRUPTED'));
    await end();
  });

  it('fail at the end of a stream that was cut between two chunks', async () => {
    const { folder, store, end } = await world();
    await store.put('raw/acme/a', randomBytes(65_536 * 3));
    const path = join(folder, 'raw/acme/a');
    await writeFile(path, (await readFile(path)).subarray(0, 184 + 65_552 * 2));
    const read = async () => {
      for await (const chunk of await store.get('raw/acme/a')) assert.ok((chunk as Buffer).length > 0);
    };
    await assert.rejects(read(), (error) => isFrostbyteError(error, 'OBJECT_CORRUPTED'));
    await end();
  });
});
