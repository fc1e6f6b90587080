import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { RecordStore } from '../../../appliance/stores/record/port.ts';
import {
  arrival,
  chunksOf,
  entry,
  events,
  failed,
  idOf,
  indexed,
  job,
  minute,
  publish,
  receiveOne,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

/** Times that two callers meet: what goes wrong between them goes wrong now and then. */
const ROUNDS = 8;
const rounds = Array.from({ length: ROUNDS }, (_, n) => n);

/** Two processes at the same records at the same moment: each verb happens before the other or after it. */
export function concurrencyContract(name: string, make: MakeRecords): void {
  describe(`${name}: at once`, () => {
    const pair = async (t: Parameters<typeof worldOf>[0]): Promise<[RecordStore, RecordStore]> => {
      const { store, another } = await worldOf(t, make);
      return [store, another()];
    };

    test('of two batches only one gets the free space that is left', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const held = (await a.counts()).raw_bytes;
        const arriving = (name: string) =>
          arrival(`${name}${n}`, [{ file_id: 'f', content: `${name}${n}`.padEnd(100, '.') }], {
            quota_bytes: held + 150,
          });
        const outcomes = await Promise.allSettled([a.receive(arriving('a')), b.receive(arriving('b'))]);
        assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
        assert.equal((await a.counts()).raw_bytes, held + 100);
      }
    });

    test('of many uploads no more begin than may, and no more bytes are announced', async (t) => {
      const [a, b] = await pair(t);
      const upload = () => ({
        upload_id: newId(),
        length: 10,
        metadata: {},
        submitted_by: 'x',
        created_at: minute(1),
        expires_at: minute(9),
      });
      const begin = (limits: { most: number; quota_bytes: number }) =>
        Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? a : b).createUpload(upload(), limits, [])));
      const first = await begin({ most: 3, quota_bytes: 1000 });
      assert.equal(first.filter((outcome) => outcome === 'created').length, 3);
      const second = await begin({ most: 100, quota_bytes: 50 });
      assert.equal(second.filter((outcome) => outcome === 'created').length, 2);
      assert.equal(await a.announcedBytes([]), 50);
    });

    test('the same batch twice is one batch with the same receipts', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const sent = () =>
          arrival(`b${n}`, [
            { file_id: 'f', content: `x${n}` },
            { file_id: 'g', content: `y${n}` },
          ]);
        const [one, two] = await Promise.all([a.receive(sent()), b.receive(sent())]);
        assert.ok(one.kind === 'received' && two.kind === 'received');
        assert.deepEqual(one.receipts, two.receipts);
      }
      const told = await events(a);
      assert.equal(told.filter(({ event_type }) => event_type === 'BATCH_RECEIVED').length, ROUNDS);
      assert.equal(told.filter(({ event_type }) => event_type === 'DOCUMENT_INGESTED').length, 2 * ROUNDS);
      assert.equal((await a.outbox(1000)).length, 2 * ROUNDS);
      assert.equal((await a.counts()).documents, 2 * ROUNDS);
    });

    test('the same bytes in two batches are one document with one job, and one receipt names the other', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        // In turns, so that each batch holds what the other one wants first.
        const [x, y] = [
          { file_id: 'x', content: `x${n}` },
          { file_id: 'y', content: `y${n}` },
        ];
        await Promise.all([a.receive(arrival(`a${n}`, [x, y])), b.receive(arrival(`b${n}`, [y, x]))]);
        const receipts = [...(await a.receipts(`a${n}`)), ...(await a.receipts(`b${n}`))];
        for (const content of ['x', 'y']) {
          const own = receipts.filter(({ doc_id }) => doc_id === idOf(`${content}${n}`));
          const first = own.find(({ duplicate_of }) => duplicate_of === null);
          assert.equal(own.length, 2);
          assert.equal(own.find((receipt) => receipt !== first)?.duplicate_of, first?.receipt_id);
          assert.deepEqual(await b.batchesOf(idOf(`${content}${n}`)), [`a${n}`, `b${n}`]);
        }
      }
      assert.equal((await a.counts()).documents, 2 * ROUNDS);
      assert.equal((await a.outbox(1000)).length, 2 * ROUNDS);
    });

    test('a job that two workers end is ended once', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        const end = () => ({
          job: job(id, 'parse'),
          patch: {},
          entries: [entry('DOCUMENT_PARSED', 'document', id)],
          at: minute(2),
          outcome: 'advance' as const,
        });
        const done = await Promise.all([a.finishStage(end()), b.finishStage(end())]);
        assert.deepEqual(done.sort(), [false, true]);
      }
      const told = (await events(a)).filter(({ event_type }) => event_type === 'DOCUMENT_PARSED');
      assert.equal(told.length, ROUNDS);
    });

    test('a version that two workers publish is there once, and whole', async (t) => {
      const [a, b] = await pair(t);
      const specs = Array.from({ length: 30 }, (_, n) => ({ text: `words of chunk ${n}` }));
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        await toIndex(a, id);
        const done = await Promise.all([publish(a, id, specs), publish(b, id, specs)]);
        assert.deepEqual(done.sort(), [false, true]);
        const served = await b.documentChunks(id, { limit: 100, offset: 0 });
        assert.deepEqual(
          served.map(({ chunk_id }) => chunk_id),
          chunksOf(id, specs).chunks.map(({ chunk_id }) => chunk_id),
        );
      }
      assert.equal((await a.counts()).chunks, specs.length * ROUNDS);
    });

    test('a new run and the end of the old one: the old run’s publication counts before it or not at all', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        await toIndex(a, id);
        const [published, run] = await Promise.all([
          publish(a, id, [{ text: 'old words' }]),
          b.restart(id, 'parse', [], minute(4)),
        ]);
        assert.equal(run, 2);
        const row = await a.document(id);
        assert.deepEqual([row?.state, row?.run, row?.current_stage], ['processing', 2, 'parse']);
        assert.equal((await a.documentChunks(id, { limit: 9, offset: 0 })).length, published ? 1 : 0);
        assert.equal(row?.served?.run ?? null, published ? 1 : null);
      }
    });

    test('an erasure that begins while a worker publishes leaves nothing served, and no chunk behind', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        await toIndex(a, id);
        const erase = async () => {
          const intent = { deletion_receipt_id: newId(), doc_id: id, cause: 'request' as const, reason: 'r' };
          const erasure = await b.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(5) });
          await b.decideErasure(erasure!.deletion_receipt_id, minute(5));
          return erasure!.deletion_receipt_id;
        };
        const [, erasure] = await Promise.all([publish(a, id, [{ text: 'secret words' }]), erase()]);
        assert.deepEqual(await a.searchText({ text: 'secret', limit: 5 }), []);
        await b.clearRows(erasure);
        assert.ok(await b.completeErasure(erasure, { verified: [], entries: () => [], at: minute(6) }));
        assert.equal(await a.document(id), null);
      }
      assert.equal((await a.counts()).chunks, 0);
      assert.equal((await a.counts()).documents, 0);
    });

    test('a batch whose last documents come to rest together is settled once, by what both became', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const batch_id = `b${n}`;
        await a.receive(
          arrival(batch_id, [
            { file_id: 'x', content: `x${n}` },
            { file_id: 'y', content: `y${n}` },
          ]),
        );
        for (const content of [`x${n}`, `y${n}`]) await toIndex(a, idOf(content));
        // As a worker does: it ends its document, looks at the batch, and settles where all of it is at rest.
        const work = async (store: RecordStore, id: string): Promise<boolean> => {
          await publish(store, id, [{ text: 'words' }]);
          for (;;) {
            if (await store.isUnderWay(batch_id)) return false;
            const seen = (await store.batchFiles(batch_id)).flatMap(({ document }) => document ?? []);
            const settlement = { batch_id, status: 'completed' as const, report: { files: seen.length }, seen };
            const told = [entry('BATCH_COMPLETED', 'batch', batch_id)];
            if (await store.settleBatch({ ...settlement, entries: told, at: minute(5) })) return true;
            if ((await store.batch(batch_id))?.status === 'completed') return false;
          }
        };
        const settled = await Promise.all([work(a, idOf(`x${n}`)), work(b, idOf(`y${n}`))]);
        assert.equal(settled.filter(Boolean).length, 1);
        assert.equal((await a.batch(batch_id))?.status, 'completed');
      }
      const told = (await events(a)).filter(({ event_type }) => event_type === 'BATCH_COMPLETED');
      assert.equal(told.length, ROUNDS);
    });

    test('a report made before a document moved settles nothing', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await indexed(a, `d${n}`, [{ text: 'words' }]);
        const batch_id = `batch-d${n}`;
        const seen = (await a.batchFiles(batch_id)).flatMap(({ document }) => document ?? []);
        const settlement = { batch_id, status: 'completed' as const, report: {}, seen, entries: [], at: minute(5) };
        await Promise.all([a.settleBatch(settlement), b.restart(id, 'parse', [], minute(5))]);
        assert.equal((await a.batch(batch_id))?.status, 'processing');
      }
    });

    test('a document is cancelled before a worker takes it, or goes on', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        const [started, outcome] = await Promise.all([
          a.startStage(job(id, 'parse'), minute(2)),
          b.cancelBatch(`batch-d${n}`, () => [], minute(2)),
        ]);
        assert.ok(outcome.kind === 'cancelled');
        assert.equal(outcome.running, started === null ? 0 : 1);
        const row = await b.document(id);
        assert.equal(row?.state, started === null ? 'cancelled' : 'processing');
        assert.equal(row?.stages.parse, started === null ? 'cancelled' : 'processing');
      }
    });

    test('a start and a decision about the same document keep both', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`, minute(1), { lot: 'a' });
        const again = arrival(`again${n}`, [{ file_id: 'f', content: `d${n}`, metadata: { lot: 'b' } }]);
        await Promise.all([a.startStage(job(id, 'parse'), minute(2)), b.receive(again)]);
        const row = await a.document(id);
        assert.deepEqual([row?.metadata.lot, row?.stages.parse, row?.first_attempt_at], ['b', 'processing', minute(2)]);
      }
    });

    test('of two people who decide about what both saw, one does', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const id = await receiveOne(a, `d${n}`);
        const held = { job: job(id, 'parse'), patch: {}, entries: [], at: minute(2), outcome: 'held' as const };
        await a.finishStage(held);
        const seen = (await a.document(id))!;
        const decide = (store: RecordStore, who: string) => {
          const review = { decision: 'approve' as const, classification: 'contract', proposed: 'contract', note: null };
          const set = { review: { ...review, decided_by: who, decided_at: minute(3) } };
          return store.decide([{ seen, set, restart: 'policy', entries: [], at: minute(3) }]);
        };
        const decided = await Promise.all([decide(a, 'ada'), decide(b, 'bo')]);
        assert.deepEqual(decided.flat(), [id]);
        assert.equal((await a.document(id))?.run, 2);
      }
    });

    test('a dead letter that two people resolve restarts its document once', async (t) => {
      const [a, b] = await pair(t);
      for (const n of rounds) {
        const { id, dlq } = await failed(a, `d${n}`);
        const decision = { dlq_entry_id: dlq, status: 'resolved' as const, resolution: 'reprocessed' as const };
        const resolve = (store: RecordStore) =>
          store.resolveDeadLetter({ ...decision, restart: 'parse', entries: [], at: minute(4) });
        assert.deepEqual((await Promise.all([resolve(a), resolve(b)])).sort(), [false, true]);
        assert.equal((await a.document(id))?.run, 2);
      }
    });

    test('a relay that reads while others append misses no event, and meets them in the order of their numbers', async (t) => {
      const [a, b] = await pair(t);
      const relayed: { seq: number; event_id: string; previous: string | null }[] = [];
      let isOver = false;
      const relay = async (): Promise<void> => {
        for (;;) {
          const last = isOver;
          const pending = await a.pendingEvents(7);
          await a.markRelayed(
            pending.map(({ seq, event }, at) => ({ seq, event_id: event.event_id, log_index: relayed.length + at })),
          );
          for (const { seq, event } of pending)
            relayed.push({ seq, event_id: event.event_id, previous: event.previous_event_id });
          if (last && pending.length === 0) return;
        }
      };
      const appended: string[] = [];
      const append = async (store: RecordStore, name: string): Promise<void> => {
        for (let n = 0; n < 25; n++) {
          const told = [entry('A', 'query', 'shared'), entry('B', 'query', `${name}${n}`)];
          // Large and small in turns, so that a later one is done sooner.
          const more = Array.from({ length: n % 3 === 0 ? 40 : 0 }, () => entry('C', 'query', name));
          await store.appendEntries([...told, ...more]);
          appended.push(...[...told, ...more].map(({ event }) => event.event_id));
        }
      };
      const writers = Promise.all([append(a, 'a'), append(b, 'b'), append(b, 'c')]).then(() => {
        isOver = true;
      });
      await Promise.all([relay(), writers]);
      assert.deepEqual(relayed.map(({ event_id }) => event_id).sort(), appended.sort());
      const order = relayed.map(({ seq }) => seq);
      assert.deepEqual(
        order,
        order.toSorted((x, y) => x - y),
      );
      const place = new Map(relayed.map(({ event_id }, at) => [event_id, at]));
      for (const [at, { previous }] of relayed.entries())
        if (previous !== null) assert.ok(place.get(previous)! < at, 'an event names one before it');
      const named = relayed.flatMap(({ previous }) => previous ?? []);
      assert.equal(new Set(named).size, named.length, 'no event is named twice');
    });

    test('whatever happens at once, the totals are those of the rows', async (t) => {
      const [a, b] = await pair(t);
      const life = async (store: RecordStore, name: string): Promise<void> => {
        for (const n of rounds) {
          const id = await receiveOne(store, `${name}${n}`);
          await store.receive(arrival(`${name}-${n}`, [{ file_id: 'f', content: `shared${n}` }]));
          if (n % 4 === 0) continue;
          if (n % 4 === 1) {
            await failed(store, `${name}-failed-${n}`);
            continue;
          }
          await toIndex(store, id);
          await publish(store, id, [{ text: 'some words' }, { text: 'more words' }]);
          if (n % 4 === 3) {
            await store.restart(id, 'parse', [], minute(4));
            await toIndex(store, id, 2);
            await publish(store, id, [{ text: 'fewer words' }], { run: 2 });
          }
        }
      };
      await Promise.all([life(a, 'a'), life(b, 'b'), life(a, 'c')]);
      const counts = await b.counts();
      const documents = (await b.documents({ limit: 1000 })).rows;
      const batches = (await b.batches({ limit: 1000 })).rows;
      let chunks = 0;
      for (const { doc_id } of documents) chunks += (await b.documentChunks(doc_id, { limit: 100, offset: 0 })).length;
      assert.deepEqual(counts, {
        documents: documents.length,
        batches: batches.length,
        chunks,
        raw_bytes: documents.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
        dead_letters: (await b.deadLetters({ limit: 1000 })).rows.length,
      });
      for (const state of ['processing', 'indexed', 'parse_failed'] as const) {
        const { rows, total } = await b.documents({ limit: 1000, state });
        assert.equal(total, rows.length, state);
      }
    });
  });
}
