import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { noObjectServer, objectServer } from '../support/faults/object-server.ts';
import { ALL_FAULTS, type Random, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';

/**
 * The object server dies, loses power, runs full or can no longer write, under several writers: what was answered is
 * there, whole; what was not is whole or not there; and whoever used it goes on when it is back.
 */

const KILLS = ALL_FAULTS ? 40 : 4;
const CUTS = ALL_FAULTS ? 15 : 2;
/** Small ones that wait in memory, larger ones that are put at once, and some that go in parts. */
const SIZES = [0, 20_000, 300_000, 2_000_000, 10_000_000, 70_000_000] as const;
const WRITERS = 4;

/** Bytes that a key alone fixes. */
function content(key: string, size: number): Buffer {
  const block = createHash('sha512').update(key).digest();
  return Buffer.alloc(size, block);
}

interface Written {
  size: number;
  answered: boolean;
}

/** Writes until something fails, and notes what was tried and what was answered. */
async function write(
  store: ObjectStore,
  random: Random,
  prefix: string,
  notes: Map<string, Written>,
  struck: { yet: boolean },
): Promise<void> {
  for (let n = 0; ; n++) {
    const key = `${prefix}/${n}`;
    // Large ones are rare, as among documents.
    const size = SIZES[Math.min(random.whole(0, SIZES.length - 1), random.whole(0, SIZES.length - 1))]!;
    const note: Written = { size, answered: false };
    notes.set(key, note);
    const bytes = content(key, size);
    try {
      if (random.next() < 0.5) await store.put(key, bytes);
      else {
        const draft = await store.begin();
        for (let at = 0; at < size; at += 1 << 20) await draft.write(bytes.subarray(at, at + (1 << 20)));
        if (random.next() < 0.5) await draft.end();
        await draft.commit(key);
      }
      // A server on a disk that lost power goes on answering; a host that did would not.
      note.answered = !struck.yet;
    } catch (error) {
      assert.ok(isFrostbyteError(error, 'STORE_UNAVAILABLE', 'DISK_FULL', 'STORE_READ_ONLY'), String(error));
      return;
    }
  }
}

/** Everything that was answered is whole, everything else is whole or missing, and the listing says the same. */
async function judge(store: ObjectStore, notes: Map<string, Written>): Promise<void> {
  const listed = new Map<string, number>();
  for await (const { key, size } of store.list('')) listed.set(key, size);
  for (const [key, { size, answered }] of notes) {
    const found = await store.size(key);
    assert.equal(found, listed.get(key) ?? null, `${key} is listed otherwise than it is`);
    if (found === null) {
      assert.equal(answered, false, `${key} was answered and is not there`);
      continue;
    }
    const bytes = Buffer.from(await store.read(key, 128 << 20));
    assert.ok(bytes.equals(content(key, size)), `${key} is not whole: ${bytes.byteLength} of ${size} bytes`);
  }
  for (const key of listed.keys()) assert.ok(notes.has(key), `${key} was never written`);
}

function answers(store: ObjectStore): Promise<boolean> {
  return store.check().then(
    () => true,
    () => false,
  );
}

async function strike(store: ObjectStore, random: Random, round: number, blow: () => unknown) {
  const notes = new Map<string, Written>();
  const struck = { yet: false };
  const writers = Array.from({ length: WRITERS }, (_, n) =>
    write(store, random, `raw/round${round}/${n}`, notes, struck),
  );
  const begun = random.whole(WRITERS, 40);
  await until('enough objects', () => notes.size >= begun, { everyMs: 1 });
  struck.yet = true;
  await blow();
  await Promise.all(writers);
  return notes;
}

describe('an object server that dies', { skip: noObjectServer(), timeout: ALL_FAULTS ? 3_600_000 : 600_000 }, () => {
  it('leaves objects whole or missing, and is used again by the same client when it is back', async () => {
    const random = seeded(7001);
    const folder = await mkdtemp(join(tmpdir(), 'object-server-'));
    const server = await objectServer(folder);
    // One client through all deaths.
    const store = openMinioObjects(server.options);
    let answered = 0;
    let lost = 0;
    try {
      for (let round = 0; round < KILLS; round++) {
        const notes = await strike(store, random, round, () => server.kill());
        await assert.rejects(store.check(), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
        await server.start();
        await until('the client to be back', () => answers(store), { seconds: 20 });
        await judge(store, notes);
        for (const note of notes.values()) note.answered ? answered++ : lost++;
        await store.sweepDrafts(-1000);
        for await (const { key } of store.list('')) await store.delete(key);
      }
      console.log(`# ${KILLS} kills: ${answered} objects answered, ${lost} under way`);
      assert.ok(answered > 0 && lost > 0);
    } finally {
      await store.close();
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('in the middle of a stream fails the reader, who never takes a part for the whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'object-server-'));
    const server = await objectServer(folder);
    const store = openMinioObjects(server.options);
    try {
      const bytes = content('raw/acme/a', 64 << 20);
      await store.put('raw/acme/a', bytes);
      const stream = await store.get('raw/acme/a');
      let read = 0;
      await assert.rejects(
        async () => {
          for await (const chunk of stream) {
            if (read === 0) await server.kill();
            read += (chunk as Buffer).byteLength;
          }
        },
        (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'),
      );
      assert.ok(read < bytes.byteLength);
      await server.start();
      await until('the client to be back', () => answers(store), { seconds: 20 });
      assert.ok(bytes.equals(await store.read('raw/acme/a', 64 << 20)));
    } finally {
      await store.close();
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the disk of an object server', {
  skip: noObjectServer() || noLoopDisks(),
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  it('that loses power keeps what was answered, and no half of anything else', async () => {
    const random = seeded(7002);
    for (let round = 0; round < CUTS; round++) {
      const disk = loopDisk(1024);
      const server = await objectServer(disk.folder);
      const store = openMinioObjects(server.options);
      try {
        const notes = await strike(store, random, round, async () => {
          disk.cutPower();
          await server.kill();
        });
        await disk.replug();
        await server.start();
        await until('the client to be back', () => answers(store), { seconds: 20 });
        await judge(store, notes);
      } finally {
        await store.close();
        await server.kill();
        await disk.end();
      }
    }
  });

  it('that is full or can no longer be written is called so, and what is on it is still read', async () => {
    const disk = loopDisk(256);
    const server = await objectServer(disk.folder);
    const store = openMinioObjects(server.options);
    try {
      await store.put('raw/acme/a', Buffer.from('there'));
      disk.fill();
      const full = (error: unknown) => isFrostbyteError(error, 'DISK_FULL');
      await assert.rejects(store.put('raw/acme/b', Buffer.alloc(1 << 20)), full);
      await assert.rejects(store.check(), full);
      const draft = await store.begin();
      await assert.rejects(async () => {
        for (let n = 0; n < 20; n++) await draft.write(Buffer.alloc(1 << 20));
        await draft.commit('raw/acme/c');
      }, full);
      assert.equal(Buffer.from(await store.read('raw/acme/a')).toString(), 'there');
      disk.free();
      await until('room again', () => answers(store));

      disk.failReadOnly();
      await assert.rejects(store.put('raw/acme/b', Buffer.from('x')), (error) =>
        isFrostbyteError(error, 'STORE_READ_ONLY'),
      );
      await assert.rejects(store.check(), (error) => isFrostbyteError(error, 'STORE_READ_ONLY'));
      assert.equal(Buffer.from(await store.read('raw/acme/a')).toString(), 'there');
    } finally {
      await store.close();
      await server.kill();
      await disk.end();
    }
  });
});
