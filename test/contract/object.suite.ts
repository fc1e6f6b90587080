import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';

export interface ObjectWorld {
  store: ObjectStore;
  /** Opens the same objects again, as a new process would. */
  reopen(): Promise<ObjectStore>;
  end(): Promise<void>;
}

/** What every object store does, whatever it is made of. `make` gives an empty one. */
export function objectContract(name: string, make: () => Promise<ObjectWorld>): void {
  const using = (work: (store: ObjectStore, world: ObjectWorld) => Promise<void>) => async () => {
    const world = await make();
    try {
      await work(world.store, world);
    } finally {
      await world.end();
    }
  };
  const key = 'raw/acme/doc_0000000000000001/aa';

  describe(`object store: ${name}`, () => {
    it(
      'gives back what was put, also after opening it again',
      using(async (store, world) => {
        const bytes = randomBytes(100_000);
        await store.put(key, bytes);
        assert.deepEqual(Buffer.from(await store.read(key)), bytes);
        assert.deepEqual(await gather(await store.get(key)), bytes);
        const again = await world.reopen();
        assert.deepEqual(Buffer.from(await again.read(key)), bytes);
        await again.close();
      }),
    );

    for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 3_000_001]) {
      it(
        `keeps an object of ${size} bytes whole and knows its size`,
        using(async (store) => {
          const bytes = randomBytes(size);
          const draft = await store.begin();
          for (let at = 0; at < size; at += 50_000) await draft.write(bytes.subarray(at, at + 50_000));
          await draft.commit(key);
          assert.equal(await store.size(key), size);
          assert.deepEqual(await gather(await store.get(key)), bytes);
          assert.deepEqual(Buffer.from(await store.read(key)), bytes);
        }),
      );
    }

    it(
      'shows nothing of a draft before its commit, nor after its abort',
      using(async (store) => {
        const draft = await store.begin();
        await draft.write(randomBytes(2_000_000));
        assert.deepEqual(await keys(store, ''), []);
        assert.deepEqual(await store.usage(), { bytes: 0, objects: 0 });
        assert.ok((await store.room()) >= 0);
        await draft.abort();
        await draft.abort();
        assert.equal(await store.size(key), null);
        await assert.rejects(draft.write(randomBytes(1)), (error) => isFrostbyteError(error));
      }),
    );

    it(
      'lets many ended drafts wait for their commit, and takes no more bytes after the end',
      using(async (store) => {
        const drafts = await Promise.all(Array.from({ length: 40 }, () => store.begin()));
        for (const [n, draft] of drafts.entries()) {
          await draft.write(Buffer.from(`object ${n}`));
          await draft.end();
          await draft.end();
        }
        assert.deepEqual(await keys(store, ''), []);
        await assert.rejects(drafts[0]!.write(Buffer.from('more')), (error) => isFrostbyteError(error));
        for (const [n, draft] of drafts.entries()) await draft.commit(`raw/acme/${n}`);
        for (const n of drafts.keys()) {
          assert.equal(Buffer.from(await store.read(`raw/acme/${n}`)).toString(), `object ${n}`);
        }
      }),
    );

    it(
      'forgives an abort after the commit, and refuses a second commit',
      using(async (store) => {
        const draft = await store.begin();
        await draft.write(Buffer.from('one'));
        await draft.commit(key);
        await draft.abort();
        assert.equal(Buffer.from(await store.read(key)).toString(), 'one');
        await assert.rejects(draft.commit('raw/acme/x'), (error) => isFrostbyteError(error));
        assert.equal(await store.size('raw/acme/x'), null);
      }),
    );

    it(
      'replaces an object as a whole; a reader of the old one reads it to its end',
      using(async (store) => {
        const old = Buffer.alloc(3_000_000, 1);
        await store.put(key, old);
        const reader = await store.get(key);
        await store.put(key, Buffer.from('new'));
        assert.deepEqual(await gather(reader), old);
        assert.equal(Buffer.from(await store.read(key)).toString(), 'new');
      }),
    );

    it(
      'answers OBJECT_MISSING for what is not there',
      using(async (store) => {
        await assert.rejects(store.get(key), (error) => isFrostbyteError(error, 'OBJECT_MISSING'));
        await assert.rejects(store.read(key), (error) => isFrostbyteError(error, 'OBJECT_MISSING'));
        assert.equal(await store.size(key), null);
        await store.put('raw/acme/doc_1/aa', Buffer.from('x'));
        await assert.rejects(store.read('raw/acme/doc_1'), (error) => isFrostbyteError(error, 'OBJECT_MISSING'));
      }),
    );

    it(
      'refuses to read an object larger than the caller allows',
      using(async (store) => {
        await store.put(key, randomBytes(1000));
        await assert.rejects(store.read(key, 999), (error) => isFrostbyteError(error, 'OBJECT_CORRUPTED'));
        assert.equal((await store.read(key, 1000)).byteLength, 1000);
      }),
    );

    it(
      'puts many at once',
      using(async (store) => {
        const entries = Array.from({ length: 70 }, (_, n) => ({
          key: `normalized/acme/doc_1/cc/pages/${n}.txt`,
          bytes: Buffer.from(`page ${n}`),
        }));
        await store.putAll(entries);
        await store.putAll([]);
        for (const { key, bytes } of entries) assert.deepEqual(Buffer.from(await store.read(key)), bytes);
        assert.deepEqual(await store.usage(), {
          bytes: entries.reduce((sum, e) => sum + e.bytes.length, 0),
          objects: 70,
        });
      }),
    );

    it(
      'lists keys in byte order under a prefix that may end within a name',
      using(async (store) => {
        const all = [
          'exports/acme/b',
          'normalized/acme/doc_1/x',
          'raw/acme/a-b',
          'raw/acme/a.b',
          'raw/acme/a/b',
          'raw/acme/a/c',
          'raw/acme/a0',
          'raw/acme/aB',
          'raw/beta/a',
        ];
        await store.putAll(all.toReversed().map((each) => ({ key: each, bytes: Buffer.from('1') })));
        assert.deepEqual(await keys(store, ''), all);
        assert.deepEqual(await keys(store, 'raw/'), all.slice(2));
        assert.deepEqual(await keys(store, 'raw/acme/a/'), ['raw/acme/a/b', 'raw/acme/a/c']);
        assert.deepEqual(await keys(store, 'raw/acme/a'), all.slice(2, 8));
        assert.deepEqual(await keys(store, 'raw/acme/a.'), ['raw/acme/a.b']);
        assert.deepEqual(await keys(store, 'quarantine/'), []);
      }),
    );

    it(
      'deletes an object once and forgives the second time',
      using(async (store) => {
        await store.putAll([
          { key, bytes: Buffer.from('a') },
          { key: 'raw/acme/doc_0000000000000002/bb', bytes: Buffer.from('b') },
        ]);
        await store.delete(key);
        await store.delete(key);
        assert.deepEqual(await keys(store, ''), ['raw/acme/doc_0000000000000002/bb']);
        await store.put(key, Buffer.from('again'));
        assert.equal(Buffer.from(await store.read(key)).toString(), 'again');
      }),
    );

    it(
      'puts and deletes side by side in one folder without losing the put',
      using(async (store) => {
        for (let round = 0; round < 15; round++) {
          await store.put('raw/acme/doc_9/old', Buffer.from('old'));
          await Promise.all([store.delete('raw/acme/doc_9/old'), store.put('raw/acme/doc_9/new', Buffer.from('new'))]);
          assert.equal(Buffer.from(await store.read('raw/acme/doc_9/new')).toString(), 'new');
          await store.delete('raw/acme/doc_9/new');
        }
      }),
    );

    for (const bad of [
      '',
      'raw',
      'raw/',
      '/raw/a',
      'raw//a',
      'raw/../a',
      'raw/./a',
      'raw/.a',
      'drafts/a',
      'other/a',
      'raw/a\0b',
      'raw/a b',
      'raw/a\\b',
      'RAW/a',
      `raw/${'a'.repeat(201)}`,
      `raw${'/a'.repeat(12)}`,
      'raw/ä',
      'raw/%2e%2e',
    ]) {
      it(
        `refuses the key ${JSON.stringify(bad.length > 40 ? `${bad.slice(0, 20)}…` : bad)} in every verb`,
        using(async (store) => {
          const refused = (work: Promise<unknown>) =>
            assert.rejects(work, (error) => isFrostbyteError(error, 'VALIDATION_ERROR'));
          await refused(store.put(bad, Buffer.from('x')));
          await refused(store.get(bad));
          await refused(store.read(bad));
          await refused(store.size(bad));
          await refused(store.delete(bad));
          const draft = await store.begin();
          await refused(draft.commit(bad));
          assert.deepEqual(await keys(store, ''), []);
        }),
      );
    }

    it(
      'refuses a listing outside the known prefixes',
      using(async (store) => {
        for (const bad of ['../', 'raw/../', 'drafts/', '/', 'raw//', 'x']) {
          await assert.rejects(keys(store, bad), (error) => isFrostbyteError(error, 'VALIDATION_ERROR'), bad);
        }
      }),
    );

    it(
      'sweeps drafts that nobody finished, and no others',
      using(async (store) => {
        const left = await store.begin();
        await left.write(randomBytes(2_000_000));
        assert.equal(await store.sweepDrafts(3_600_000), 0);
        assert.equal(await store.sweepDrafts(-1000), 1);
        assert.equal(await store.sweepDrafts(-1000), 0);
        await left.abort();
        await store.put(key, Buffer.from('stays'));
        assert.equal(await store.sweepDrafts(-1000), 0);
        assert.equal(Buffer.from(await store.read(key)).toString(), 'stays');
      }),
    );

    it(
      'checks that a write would succeed',
      using(async (store) => {
        await store.check();
        assert.deepEqual(await keys(store, ''), []);
      }),
    );
  });
}

async function keys(store: ObjectStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

async function gather(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
