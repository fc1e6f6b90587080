import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { RecordStore, UploadSegment } from '../../../appliance/stores/record/port.ts';
import { arrival, entry, events, minute } from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const LIMITS = { most: 100, quota_bytes: 1_000_000 };
const TIMES = { at: minute(2), expires_at: minute(500) };

async function begun(store: RecordStore, length: number, given: { id?: string; created?: string } = {}) {
  const upload_id = given.id ?? newId();
  const created_at = given.created ?? minute(1);
  const upload = {
    upload_id,
    length,
    metadata: { filename: 'plan.pdf' },
    submitted_by: 'usr_vendor',
    created_at,
    expires_at: minute(100),
  };
  const outcome = await store.createUpload(upload, LIMITS, [entry('UPLOAD_CREATED', 'batch', upload_id)]);
  assert.equal(outcome, 'created');
  return upload_id;
}

const segment = (start: number, bytes: number, name = `${start}`): UploadSegment => ({
  start,
  bytes,
  object_key: `uploads/acme/x/${name}`,
});

async function finished(store: RecordStore, length: number): Promise<string> {
  const id = await begun(store, length);
  assert.ok(await store.extendUpload(id, segment(0, length), TIMES));
  return id;
}

/** Resumable uploads: offsets, segments, what a batch takes, what expires, what counts. */
export function uploadContract(name: string, make: MakeRecords): void {
  describe(`${name}: resumable uploads`, () => {
    test('an upload begins at 0 with what was announced, and its entry', async (t) => {
      const { store, another } = await worldOf(t, make);
      const id = await begun(store, 10);
      assert.deepEqual(await another().upload(id), {
        upload_id: id,
        state: 'open',
        length: 10,
        received: 0,
        pieces: 0,
        metadata: { filename: 'plan.pdf' },
        submitted_by: 'usr_vendor',
        created_at: minute(1),
        updated_at: minute(1),
        expires_at: minute(100),
        batch_id: null,
      });
      assert.deepEqual(await store.uploadSegments(id), []);
      assert.deepEqual(
        (await events(store)).map(({ event_type }) => event_type),
        ['UPLOAD_CREATED'],
      );
      assert.equal(await store.upload(newId()), null);
    });

    test('one of no bytes is finished at once', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await begun(store, 0);
      assert.equal((await store.upload(id))?.state, 'finished');
    });

    test('it moves segment by segment, and is finished with its last byte', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await begun(store, 10);
      const half = await store.extendUpload(id, segment(0, 4), TIMES);
      assert.equal(half?.state, 'open');
      assert.equal(half?.received, 4);
      assert.equal(half?.updated_at, minute(2));
      assert.equal(half?.expires_at, minute(500));
      const whole = await store.extendUpload(id, segment(4, 6), TIMES);
      assert.equal(whole?.state, 'finished');
      assert.equal(whole?.pieces, 2);
      assert.deepEqual(await store.uploadSegments(id), [segment(0, 4), segment(4, 6)]);
    });

    test('a segment at another offset, beyond the length, or of no such upload writes nothing', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await begun(store, 10);
      await store.extendUpload(id, segment(0, 4), TIMES);
      const before = await store.upload(id);
      for (const wrong of [segment(0, 4), segment(3, 2), segment(5, 1), segment(4, 7)])
        assert.equal(await store.extendUpload(id, wrong, TIMES), null, JSON.stringify(wrong));
      assert.equal(await store.extendUpload(newId(), segment(0, 1), TIMES), null);
      assert.deepEqual(await store.upload(id), before);
      await store.extendUpload(id, segment(4, 6), TIMES);
      assert.equal(await store.extendUpload(id, segment(10, 1), TIMES), null, 'a finished one takes no more');
    });

    test('of two segments for one offset one wins, and the other is told', async (t) => {
      const { store, another } = await worldOf(t, make);
      const id = await begun(store, 10);
      const outcomes = await Promise.all([
        store.extendUpload(id, segment(0, 4, 'a'), TIMES),
        another().extendUpload(id, segment(0, 6, 'b'), TIMES),
      ]);
      assert.equal(outcomes.filter((row) => row === null).length, 1);
      assert.equal((await store.uploadSegments(id)).length, 1);
    });

    test('segments are merged where the merged one covers whole ones, and only there', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await begun(store, 10);
      for (const [start, bytes] of [
        [0, 2],
        [2, 3],
        [5, 1],
      ] as const)
        await store.extendUpload(id, segment(start, bytes), TIMES);
      for (const wrong of [segment(0, 4), segment(1, 4), segment(2, 5), segment(6, 1), segment(0, 10)])
        assert.equal(await store.mergeSegments(id, wrong), false, JSON.stringify(wrong));
      assert.equal(await store.mergeSegments(id, segment(2, 4, 'merged')), true);
      assert.deepEqual(await store.uploadSegments(id), [segment(0, 2), segment(2, 4, 'merged')]);
      assert.equal((await store.upload(id))?.received, 6);
      assert.equal((await store.upload(id))?.pieces, 3);
      assert.equal(await store.mergeSegments(newId(), segment(0, 2)), false);
    });

    test('the tenant may hold so many, until one is taken or ended', async (t) => {
      const { store } = await worldOf(t, make);
      const limits = { ...LIMITS, most: 2 };
      const another = (most = limits) =>
        store.createUpload(
          {
            upload_id: newId(),
            length: 1,
            metadata: {},
            submitted_by: 'x',
            created_at: minute(1),
            expires_at: minute(9),
          },
          most,
          [entry('UPLOAD_CREATED', 'batch', 'u')],
        );
      const first = await begun(store, 1);
      await finished(store, 1);
      const told = (await events(store)).length;
      assert.equal(await another(), 'too_many');
      assert.equal((await events(store)).length, told);
      assert.equal((await store.uploads({ limit: 10 })).total, 2);
      await store.endUpload(first, []);
      assert.equal(await another(), 'created');
    });

    test('announced bytes and raw files share the quota, also for a batch', async (t) => {
      const { store } = await worldOf(t, make);
      await store.receive(arrival('b1', [{ file_id: 'a', content: 'x'.repeat(600) }]));
      const fresh = {
        upload_id: newId(),
        metadata: {},
        submitted_by: 'x',
        created_at: minute(1),
        expires_at: minute(9),
      };
      const limits = { most: 10, quota_bytes: 1000 };
      assert.equal(await store.createUpload({ ...fresh, length: 401 }, limits, []), 'over_quota');
      assert.equal(await store.createUpload({ ...fresh, length: 400 }, limits, []), 'created');
      assert.equal(await store.createUpload({ ...fresh, upload_id: newId(), length: 1 }, limits, []), 'over_quota');
      assert.equal(await store.announcedBytes([]), 400);
      assert.equal(await store.announcedBytes([fresh.upload_id, newId()]), 0);
      const more = { ...arrival('b2', [{ file_id: 'a', content: 'y' }]), quota_bytes: 1000 };
      await assert.rejects(store.receive(more), { code: 'QUOTA_EXCEEDED' });
      assert.equal(await store.batch('b2'), null);
      // The bytes that a batch takes over are not counted twice.
      await store.extendUpload(fresh.upload_id, segment(0, 400), TIMES);
      const taking = { ...arrival('b3', [{ file_id: 'a', content: 'z'.repeat(400) }]), quota_bytes: 1000 };
      assert.equal((await store.receive({ ...taking, uploads: [fresh.upload_id] })).kind, 'received');
      assert.equal(await store.announcedBytes([]), 0);
    });

    test('a batch takes its uploads with its receipts: no segment and no name stays', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await finished(store, 3);
      const outcome = await store.receive({ ...arrival('b1', [{ file_id: 'a', content: 'abc' }]), uploads: [id] });
      assert.equal(outcome.kind, 'received');
      const row = await store.upload(id);
      assert.equal(row?.state, 'taken');
      assert.equal(row?.batch_id, 'b1');
      assert.deepEqual(row?.metadata, {});
      assert.deepEqual(await store.uploadSegments(id), []);
      assert.equal(await store.extendUpload(id, segment(3, 1), TIMES), null);
      assert.equal(await store.mergeSegments(id, segment(0, 3)), false);
    });

    test('the second batch that names an upload is told, and nothing of it is written', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await finished(store, 3);
      const first = { ...arrival('b1', [{ file_id: 'a', content: 'abc' }]), uploads: [id] };
      await store.receive(first);
      const told = (await events(store)).length;
      const second = await store.receive({ ...arrival('b2', [{ file_id: 'a', content: 'abc' }]), uploads: [id] });
      assert.deepEqual(second, { kind: 'uploads_taken', upload_ids: [id] });
      assert.equal(await store.batch('b2'), null);
      assert.equal((await events(store)).length, told);
      assert.equal((await store.receive(first)).kind, 'received', 'the same batch again is the same batch');
      const gone = await store.receive({ ...arrival('b3', [{ file_id: 'a', content: 'x' }]), uploads: [newId()] });
      assert.equal(gone.kind, 'received', 'one that is no longer there does not matter');
    });

    test('an upload is ended once, with its entry; a taken one only when it has expired', async (t) => {
      const { store } = await worldOf(t, make);
      const told = () => [entry('UPLOAD_DELETED', 'batch', 'u')];
      const id = await begun(store, 3);
      await store.extendUpload(id, segment(0, 2), TIMES);
      assert.equal(await store.endUpload(id, told(), minute(100)), false, 'it moved, so its expiry is another');
      assert.equal(await store.endUpload(id, told()), true);
      assert.equal(await store.endUpload(id, told()), false);
      assert.equal(await store.upload(id), null);
      assert.deepEqual(await store.uploadSegments(id), []);
      const taken = await finished(store, 3);
      await store.receive({ ...arrival('b1', [{ file_id: 'a', content: 'abc' }]), uploads: [taken] });
      assert.equal(await store.endUpload(taken, told()), false);
      assert.equal(await store.endUpload(taken, [], minute(500)), true);
      const deleted = (await events(store)).filter(({ event_type }) => event_type === 'UPLOAD_DELETED');
      assert.equal(deleted.length, 1);
    });

    test('what has expired is found, oldest first, whatever its state', async (t) => {
      const { store } = await worldOf(t, make);
      const early = await begun(store, 3);
      const late = await finished(store, 3);
      assert.deepEqual(await store.expiredUploads(minute(99), 10), []);
      assert.deepEqual(
        (await store.expiredUploads(minute(100), 10)).map(({ upload_id }) => upload_id),
        [early],
      );
      assert.deepEqual(
        (await store.expiredUploads(minute(500), 10)).map(({ upload_id }) => upload_id),
        [early, late],
      );
      assert.equal((await store.expiredUploads(minute(500), 1)).length, 1);
    });

    test('lists go newest first, by state, by page and by cursor', async (t) => {
      const { store } = await worldOf(t, make);
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) ids.push(await begun(store, 1, { created: minute(n) }));
      await store.extendUpload(ids[1]!, segment(0, 1), TIMES);
      const listed = async (page: Parameters<RecordStore['uploads']>[0]) => {
        const { rows, total } = await store.uploads(page);
        return [total, ...rows.map(({ upload_id }) => ids.indexOf(upload_id))];
      };
      assert.deepEqual(await listed({ limit: 3 }), [5, 4, 3, 2]);
      assert.deepEqual(await listed({ limit: 3, offset: 3 }), [5, 1, 0]);
      assert.deepEqual(await listed({ limit: 2, after: ids[3]! }), [5, 2, 1]);
      assert.deepEqual(await listed({ limit: 9, state: 'open' }), [4, 4, 3, 2, 0]);
      assert.deepEqual(await listed({ limit: 9, state: 'finished' }), [1, 1]);
      assert.deepEqual(await listed({ limit: 9, state: 'taken' }), [0]);
      // One that has gone since leaves its place behind, the youngest too.
      for (const gone of [ids[3]!, ids[4]!]) assert.equal(await store.endUpload(gone, []), true);
      assert.deepEqual(await listed({ limit: 2, after: ids[3]! }), [3, 2, 1]);
      assert.deepEqual(await listed({ limit: 2, after: ids[4]! }), [3, 2, 1]);
      assert.deepEqual(await listed({ limit: 9, state: 'open', after: ids[3]! }), [2, 2, 0]);
    });

    test('whatever is appended and merged, segments tile the upload from 0 to where it has come', async (t) => {
      const { store } = await worldOf(t, make);
      const step = fc.tuple(fc.boolean(), fc.nat({ max: 40 }), fc.integer({ min: 1, max: 12 }));
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const id = await begun(store, 60);
          for (const [append, at, bytes] of steps) {
            const { received } = (await store.upload(id))!;
            // Mostly where it goes on, now and then anywhere.
            if (append) await store.extendUpload(id, segment(at % 5 === 0 ? at : received, bytes), TIMES);
            else await store.mergeSegments(id, segment(at, bytes));
            let end = 0;
            for (const { start, bytes } of await store.uploadSegments(id)) {
              assert.equal(start, end);
              end += bytes;
            }
            const row = (await store.upload(id))!;
            assert.equal(end, row.received);
            assert.equal(row.state, row.received === 60 ? 'finished' : 'open');
          }
          await store.endUpload(id, []);
        }),
        { numRuns: 30 },
      );
    });
  });
}
