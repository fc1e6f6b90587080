import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import type { NewReindex, RecordStore, ReindexDocument } from '../../../appliance/stores/record/port.ts';
import type { IndexRecord, ReindexRow } from '../../../appliance/stores/record/rows.ts';
import {
  arrival,
  chunksOf,
  entry,
  events,
  failedAt,
  idOf,
  indexed,
  job,
  minute,
  publish,
  toIndex,
} from './builders.ts';
import { type MakeRecords, worldOf } from './world.ts';

const MODEL = 'sense';
const VERSION = '2';
/** Longer than any test. */
const UNTIL = minute(60);
const NOW = minute(10);

/** Asks for a second index by another model. */
export function reindexRequest(): NewReindex {
  return {
    reindex_id: newId(),
    embed_model: MODEL,
    embed_version: VERSION,
    reason: 'finds by meaning',
    requested_by: 'usr_admin',
    requested_at: minute(9),
    entry: entry('REINDEX_STARTED', 'tenant', 'acme'),
  };
}

async function begun(store: RecordStore): Promise<ReindexRow> {
  const row = await store.startReindex(reindexRequest());
  if (row === null) throw new Error('no reindex began');
  return row;
}

const take = (store: RecordStore, { reindex_id }: ReindexRow, worker = 'w1', wish = {}) =>
  store.takeToReindex(reindex_id, { worker, chunks: 100, now: NOW, until: UNTIL, ...wish });

const vectorsOf = (id: string) => sha256Hex(`vectors of ${id} by ${MODEL}`);

/** Notes a document with index records of the second model. Returns what the verb said. */
async function note(
  store: RecordStore,
  { reindex_id }: ReindexRow,
  { doc_id, run }: Pick<ReindexDocument, 'doc_id' | 'run'>,
  worker = 'w1',
): Promise<boolean> {
  const chunks = await store.documentChunks(doc_id, { limit: 100, offset: 0 });
  return store.noteReindexed({
    reindex_id,
    worker,
    doc_id,
    run,
    vectors_sha256: vectorsOf(doc_id),
    index_records: chunks.map(
      ({ index }): IndexRecord => ({
        ...index,
        embed_model: MODEL,
        embed_version: VERSION,
        vector_sha256: sha256Hex(`${index.chunk_id} by ${MODEL}`),
        indexed_at: minute(11),
      }),
    ),
    entries: [entry('DOCUMENT_EMBEDDED', 'document', doc_id), entry('INDEX_WRITTEN', 'document', doc_id)],
    output_hash: `sha256:${sha256Hex(`records of ${doc_id}`)}`,
    at: minute(11),
  });
}

async function noteAll(store: RecordStore, row: ReindexRow): Promise<void> {
  for (;;) {
    const { documents } = await take(store, row);
    if (documents.length === 0) return;
    for (const document of documents) assert.equal(await note(store, row, document), true);
  }
}

const switched = (store: RecordStore, { reindex_id }: ReindexRow) =>
  store.switchReindex(
    reindex_id,
    ({ chunks_done }) => entry('REINDEX_SWITCHED', 'tenant', 'acme', { chunks: chunks_done } as never),
    minute(12),
  );

const cancelled = (store: RecordStore, { reindex_id }: ReindexRow) =>
  store.cancelReindex(reindex_id, {
    by: 'usr_other',
    error_code: null,
    entry: () => entry('REINDEX_CANCELLED', 'tenant', 'acme'),
    at: minute(12),
  });

const types = async (store: RecordStore) => (await events(store)).map(({ event_type }) => event_type);

/** A second vector index beside the one that is served. */
export function reindexContract(name: string, make: MakeRecords): void {
  describe(`${name}: reindex`, () => {
    test('one begins with all that is served on its list, and no other beside it', async (t) => {
      const { store } = await worldOf(t, make);
      await indexed(store, 'x', [{ text: 'one' }, { text: 'two' }]);
      await failedAt(store, 'y', 'parse');
      const empty = await store.vectorIndex();
      assert.deepEqual(empty, { served: 0, building: null, embed_model: 'lexical', embed_version: '1' });
      const before = (await events(store)).length;
      const row = await begun(store);
      assert.deepEqual([row.number, row.status, row.documents, row.documents_done], [1, 'building', 1, 0]);
      assert.equal((await store.vectorIndex()).building, 1);
      assert.equal(await store.startReindex(reindexRequest()), null);
      assert.equal((await store.openReindex())?.reindex_id, row.reindex_id);
      assert.deepEqual((await types(store)).slice(before), ['REINDEX_STARTED']);
    });

    test('what is served changes with the switch and not before: index, records, versions and event at once', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }, { text: 'two' }]);
      const row = await begun(store);
      await noteAll(store, row);
      const early = await store.documentChunks(id, { limit: 5, offset: 0 });
      assert.deepEqual(
        early.map(({ index }) => index.embed_model),
        ['lexical', 'lexical'],
      );
      const [before] = await store.servedChunks([early[0]!.chunk_id]);
      assert.equal((await store.vectorIndex()).served, 0);
      assert.equal(await switched(store, row), true);
      assert.deepEqual(await store.vectorIndex(), {
        served: 1,
        building: null,
        embed_model: MODEL,
        embed_version: VERSION,
      });
      for (const { index, chunk_id } of await store.documentChunks(id, { limit: 5, offset: 0 })) {
        assert.deepEqual(
          [index.embed_model, index.embed_version, index.vector_sha256, index.indexed_at],
          [MODEL, VERSION, sha256Hex(`${chunk_id} by ${MODEL}`), minute(11)],
        );
      }
      const [after] = await store.servedChunks([before!.chunk_id]);
      const document = await store.document(id);
      const told = (await events(store)).filter(({ event_type }) => event_type === 'INDEX_WRITTEN').at(-1)!;
      assert.equal(after?.index_event_id, told.event_id);
      assert.deepEqual({ ...after, index: 0, index_event_id: 0 }, { ...before, index: 0, index_event_id: 0 });
      assert.deepEqual(
        [document?.served?.vectors_sha256, document?.served?.embed_model, document?.vectors_sha256],
        [vectorsOf(id), MODEL, vectorsOf(id)],
      );
      assert.equal(document?.last_output_hash, `sha256:${sha256Hex(`records of ${id}`)}`);
      assert.equal((await store.searchText({ text: 'one', limit: 5 })).length, 1);
      assert.deepEqual((await types(store)).slice(-3), ['DOCUMENT_EMBEDDED', 'INDEX_WRITTEN', 'REINDEX_SWITCHED']);
      assert.equal((await events(store)).at(-1)?.details.chunks, 2);
      const done = await store.reindex(row.reindex_id);
      assert.deepEqual(
        [done?.status, done?.documents, done?.documents_done, done?.chunks_done, done?.ended_at],
        ['switched', 1, 1, 2, minute(12)],
      );
      assert.equal(await switched(store, row), false, 'once');
      assert.equal(await store.isMixed(MODEL, VERSION), false);
      assert.equal(await store.isMixed(MODEL, '3'), true);
    });

    test('what is published meanwhile comes on the list, and the switch waits for it', async (t) => {
      const { store } = await worldOf(t, make);
      await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      await noteAll(store, row);
      const late = await indexed(store, 'late', [{ text: 'two' }]);
      assert.equal(await switched(store, row), false);
      const { documents, isWhole } = await take(store, row);
      assert.deepEqual([documents.map(({ doc_id }) => doc_id), isWhole], [[late], false]);
      assert.equal(await note(store, row, documents[0]!), true);
      assert.deepEqual(await take(store, row), { documents: [], isWhole: true });
      assert.equal(await switched(store, row), true);
    });

    test('a document that is published anew must be made anew', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      const { documents } = await take(store, row);
      await store.restart(id, 'embed', [], minute(10));
      await toIndex(store, id, 2, 'embed');
      await publish(store, id, [{ text: 'anew' }], { run: 2 });
      assert.equal(await note(store, row, documents[0]!), false, 'another version is served');
      assert.equal(await switched(store, row), false);
      await noteAll(store, row);
      assert.equal(await switched(store, row), true);
      await store.restart(id, 'embed', [], minute(13));
      await toIndex(store, id, 3, 'embed');
      await publish(store, id, [{ text: 'again' }], { run: 3 });
      const [chunk] = await store.documentChunks(id, { limit: 5, offset: 0 });
      assert.equal(chunk?.index.embed_model, 'lexical', 'its own record, not what the reindex wrote of an earlier one');
    });

    test('of a document that a run is at no event is told, as it would not fit its chain', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      await store.restart(id, 'policy', [], minute(10));
      const before = (await types(store)).length;
      const { documents } = await take(store, row);
      assert.equal(documents[0]?.run, 1, 'the version that is served');
      assert.equal(await note(store, row, documents[0]!), true);
      assert.equal((await types(store)).length, before);
      const was = await store.document(id);
      assert.equal(await switched(store, row), true);
      const now = await store.document(id);
      assert.deepEqual(
        [now?.served?.embed_model, now?.index_event_id, now?.last_output_hash, now?.vectors_sha256],
        [MODEL, was?.index_event_id, was?.last_output_hash, was?.vectors_sha256],
      );
    });

    test('workers take different documents; what one left, or held too long, another takes', async (t) => {
      const { store } = await worldOf(t, make);
      for (const content of ['a', 'b', 'c']) await indexed(store, content, [{ text: content }, { text: 'more' }]);
      const row = await begun(store);
      const first = await take(store, row, 'w1', { chunks: 4 });
      assert.equal(first.documents.length, 2);
      const second = await take(store, row, 'w2');
      assert.equal(second.documents.length, 1);
      assert.equal(second.isWhole, false);
      assert.equal((await take(store, row, 'w3')).documents.length, 0);
      assert.deepEqual((await store.reindexWorkers()).sort(), ['w1', 'w2']);
      const [mine] = first.documents;
      assert.equal(await store.isReindexing(mine!.doc_id, NOW), true);
      assert.equal(await note(store, row, mine!, 'w2'), false, 'not its own');
      await store.leaveReindex('w2', { error_code: 'EMBEDDER_UNAVAILABLE' });
      assert.equal((await store.reindex(row.reindex_id))?.error_code, 'EMBEDDER_UNAVAILABLE');
      assert.equal(await store.isReindexing(second.documents[0]!.doc_id, NOW), false);
      const late = await take(store, row, 'w3', { now: minute(61), until: minute(70), chunks: 1 });
      assert.equal(late.documents.length, 1, 'at least one, however many chunks it has');
      const all = await take(store, row, 'w4', { now: minute(61), until: minute(70) });
      assert.equal(all.documents.length, 2);
      assert.equal(await note(store, row, mine!, 'w1'), false, 'another has it now');
      const holder = late.documents[0]?.doc_id === mine!.doc_id ? 'w3' : 'w4';
      assert.equal(await note(store, row, mine!, holder), true);
      assert.equal((await store.reindex(row.reindex_id))?.error_code, null, 'it comes on');
    });

    test('a worker that holds on hears which documents are not its any more', async (t) => {
      const { store } = await worldOf(t, make);
      const [a, b, c] = [
        await indexed(store, 'a', [{ text: 'a' }]),
        await indexed(store, 'b', [{ text: 'b' }]),
        await indexed(store, 'c', [{ text: 'c' }]),
      ];
      const row = await begun(store);
      const { documents } = await take(store, row);
      assert.deepEqual((await store.holdToReindex(documents, 'w1', minute(90))).sort(), [a, b, c].sort());
      assert.equal(await store.isReindexing(a, minute(80)), true);
      await store.beginErasure(erasing(a));
      await store.restart(b, 'embed', [], minute(10));
      await toIndex(store, b, 2, 'embed');
      await publish(store, b, [{ text: 'anew' }], { run: 2 });
      assert.deepEqual(await store.holdToReindex(documents, 'w1', minute(90)), [c]);
    });

    test('what is being erased is neither taken nor noted, and holds the switch until it is gone', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      const other = await indexed(store, 'y', [{ text: 'two' }]);
      const row = await begun(store);
      const { documents } = await take(store, row);
      const mine = documents.find(({ doc_id }) => doc_id === id)!;
      assert.equal(await note(store, row, documents.find(({ doc_id }) => doc_id === other)!), true);
      const { deletion_receipt_id: receipt } = (await store.beginErasure(erasing(id)))!;
      assert.equal(await note(store, row, mine), false);
      await store.leaveReindex('w1', { doc_ids: [id] });
      assert.equal(await store.isReindexing(id, NOW), false);
      assert.deepEqual(await take(store, row), { documents: [], isWhole: false });
      assert.equal(await switched(store, row), false);
      await store.decideErasure(receipt, minute(11));
      await store.noteInventory(receipt, { objects: 0, object_bytes: 0, vectors: 0 });
      await store.clearRows(receipt);
      await store.completeErasure(receipt, { verified: [], entries: () => [], at: minute(11) });
      assert.deepEqual(await take(store, row), { documents: [], isWhole: true });
      assert.equal(await switched(store, row), true);
      assert.equal((await store.reindex(row.reindex_id))?.chunks_done, 1);
    });

    test('what goes to quarantine is in neither index', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      await noteAll(store, row);
      await store.restart(id, 'policy', [], minute(11));
      await store.startStage(job(id, 'policy', 2), minute(11));
      await store.finishStage({
        ...{ job: job(id, 'policy', 2), patch: {}, entries: [], at: minute(11) },
        outcome: 'quarantined',
      });
      assert.equal((await store.reindex(row.reindex_id))?.chunks_done, 0);
      assert.deepEqual(await take(store, row), { documents: [], isWhole: true });
      assert.equal(await switched(store, row), true);
      assert.equal((await store.document(id))?.served, null);
    });

    test('vectors that were written to an index that is not served any more are not published', async (t) => {
      const { store } = await worldOf(t, make);
      await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      await noteAll(store, row);
      const late = idOf('late');
      await store.receive(arrival('late', [{ file_id: 'a', content: 'late' }]));
      await toIndex(store, late);
      assert.equal(await switched(store, row), true);
      const now = job(late, 'index');
      await store.startStage(now, minute(13));
      const written = entry('INDEX_WRITTEN', 'document', late);
      const publication = {
        job: now,
        ...chunksOf(late, [{ text: 'two' }]),
        patch: {},
        entries: [written],
        index_event_id: written.event.event_id,
        at: minute(13),
      };
      assert.equal(await store.publish({ ...publication, vector_index: 0 }), false);
      assert.equal(await store.publish({ ...publication, vector_index: 1 }), false, 'the right place, another model');
      assert.deepEqual((await store.document(late))?.state, 'processing');
      assert.deepEqual(await store.documentChunks(late, { limit: 5, offset: 0 }), []);
      assert.equal(
        await store.finishStage({ job: now, patch: {}, entries: [], at: minute(13), outcome: 'again' }),
        true,
      );
      const again = await store.document(late);
      assert.deepEqual([again?.run, again?.current_stage, again?.state], [2, 'embed', 'processing']);
      assert.deepEqual((await store.outbox(100)).at(-1), job(late, 'embed', 2));
      assert.equal(
        await store.finishStage({ job: now, patch: {}, entries: [], at: minute(13), outcome: 'again' }),
        false,
        'once',
      );
    });

    test('one that was cancelled leaves what is served as it was, and the next begins when its leavings are gone', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      const row = await begun(store);
      await noteAll(store, row);
      assert.equal(await cancelled(store, row), 'cancelled');
      assert.equal(await cancelled(store, row), 'over');
      assert.equal(
        await store.cancelReindex('none', { by: '', error_code: null, entry: () => never(), at: '' }),
        'unknown',
      );
      assert.equal(await switched(store, row), false);
      assert.equal((await store.vectorIndex()).building, null);
      assert.equal((await store.documentChunks(id, { limit: 1, offset: 0 }))[0]?.index.embed_model, 'lexical');
      assert.equal(await store.startReindex(reindexRequest()), null);
      const wish = { worker: 'w1', now: NOW, until: UNTIL };
      assert.equal(await store.takeToDrop(row.reindex_id, wish), true);
      assert.equal(await store.takeToDrop(row.reindex_id, { ...wish, worker: 'w2' }), false);
      await store.leaveReindex('w1');
      assert.equal(await store.takeToDrop(row.reindex_id, { ...wish, worker: 'w2' }), true);
      await store.noteDropped(row.reindex_id, minute(13));
      await store.noteDropped(row.reindex_id, minute(14));
      assert.equal(await store.openReindex(), null);
      const told = await store.reindex(row.reindex_id);
      assert.deepEqual(
        [told?.status, told?.dropped_at, told?.ended_by, told?.chunks_done],
        ['cancelled', minute(13), 'usr_other', 1],
      );
      const next = await begun(store);
      assert.deepEqual([next.number, next.documents, next.chunks_done], [1, 1, 0]);
      const { rows, total } = await store.reindexes({ limit: 1 });
      assert.deepEqual([rows[0]?.reindex_id, total], [next.reindex_id, 2]);
      assert.equal((await store.reindexes({ limit: 1, after: next.reindex_id })).rows[0]?.reindex_id, row.reindex_id);
    });

    test('two in a row change places, and the records of the first are not taken for those of the second', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      for (const [served, model] of [
        [1, MODEL],
        [0, MODEL],
      ] as const) {
        const row = await begun(store);
        await noteAll(store, row);
        assert.equal(await switched(store, row), true);
        await store.noteDropped(row.reindex_id, minute(13));
        assert.equal((await store.vectorIndex()).served, served);
        const [chunk] = await store.documentChunks(id, { limit: 1, offset: 0 });
        assert.equal(chunk?.index.embed_model, model);
      }
    });

    test('a document can be put on the list again, whatever was noted of it', async (t) => {
      const { store } = await worldOf(t, make);
      const id = await indexed(store, 'x', [{ text: 'one' }]);
      await store.reindexAgain(id);
      const row = await begun(store);
      await noteAll(store, row);
      await store.reindexAgain(id);
      assert.equal(await switched(store, row), false);
      await noteAll(store, row);
      assert.equal(await switched(store, row), true);
    });
  });
}

function erasing(doc_id: string) {
  return {
    deletion_receipt_id: newId(),
    doc_id,
    cause: 'request' as const,
    reason: 'asked for',
    requested_by: 'usr_admin',
    requested_at: minute(10),
  };
}

function never(): never {
  throw new Error('no entry is made');
}
