import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retrieve } from '../../../../appliance/data/6-serve/retrieve.ts';
import { eraseDocument } from '../../../../appliance/data/erasure/erase-document.ts';
import type { DataPlane } from '../../../../appliance/data/plane.ts';
import { cancelReindex, startReindex } from '../../../../appliance/data/reindex/start.ts';
import { continueReindex } from '../../../../appliance/data/reindex/step.ts';
import { matchVectors } from '../../../../appliance/data/served-vectors.ts';
import { vectorSha256 } from '../../../../appliance/kernel/digest.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { events, job } from '../../../contract/record/builders.ts';
import { until } from '../../../support/faults/until.ts';
import { type ReindexWorld, reindexWorld } from '../../../support/reindex-world.ts';

const WISH = { model: 'turned', reason: 'finds by meaning' };
const start = ({ plane }: ReindexWorld) => startReindex(plane, WISH, 'usr_admin');
const search = (plane: DataPlane, query_text: string) => retrieve(plane, { query_text, top_k: 5 }, 'usr_reader');
const types = async ({ records }: DataPlane) => (await events(records)).map(({ event_type }) => event_type);

/** Every vector of the served index is the one that its record names, and there is no other. */
async function assertWhole(plane: DataPlane, docs: readonly string[]): Promise<void> {
  const index = plane.indexes[(await plane.records.vectorIndex()).served];
  let count = 0;
  for (const id of docs) {
    const chunks = await plane.records.documentChunks(id, { limit: 100, offset: 0 });
    const stored = await index.read(chunks.map(({ chunk_id }) => chunk_id));
    for (const { chunk_id, index: record } of chunks)
      assert.equal(vectorSha256(stored.get(chunk_id)!), record.vector_sha256);
    count += chunks.length;
  }
  assert.equal(await index.count(), count);
}

test('a second index is built from the stored chunks, served when it is whole, and the first one emptied', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  const docs = [await world.index('a', ['red apples', 'green pears']), await world.index('b', ['blue plums'])];
  const started = await start(world);
  assert.deepEqual([started.status, started.documents], ['building', 2]);
  const before = await search(plane, 'apples');
  assert.equal(before.embed_model, 'lexical');
  await world.finish();
  const done = await plane.records.reindex(started.reindex_id);
  assert.deepEqual(
    [done?.status, done?.documents_done, done?.chunks_done, typeof done?.dropped_at],
    ['switched', 2, 3, 'string'],
  );
  assert.deepEqual(world.turned.texts.toSorted(), ['blue plums', 'green pears', 'red apples']);
  const after = await search(plane, 'apples');
  assert.deepEqual(
    [after.embed_model, after.chunks[0]?.embed_model, after.chunks[0]?.text, after.model_version_match],
    ['turned', 'turned', 'red apples', true],
  );
  assert.equal(after.chunks[0]?.similarity_score, before.chunks[0]?.similarity_score, 'by the turned vectors alike');
  await assertWhole(plane, docs);
  assert.equal(await plane.indexes[0].count(), 0);
  const told = await types(plane);
  assert.equal(told.filter((type) => type === 'DOCUMENT_EMBEDDED').length, 2);
  assert.equal(told.filter((type) => type === 'REINDEX_SWITCHED').length, 1);
  for (const id of docs) await matchVectors(plane, id);
  await assertWhole(plane, docs);
});

test('a document that loses its vectors after the switch gets those of the new model back', async (t) => {
  const world = await reindexWorld(t);
  const id = await world.index('a', ['red apples', 'green pears']);
  await start(world);
  await world.finish();
  await world.plane.vectors.removeDocument(id);
  await matchVectors(world.plane, id);
  await assertWhole(world.plane, [id]);
});

test('what arrives, goes and changes while it is built is right in the new index', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned } = world;
  const changed = await world.index('changed', ['red apples']);
  const gone = await world.index('gone', ['green pears']);
  const withheld = await world.index('withheld', ['blue plums']);
  const started = await start(world);
  let late = '';
  let is = false;
  turned.before = async () => {
    if (is) return;
    is = true;
    late = await world.index('late', ['white grapes']);
    await world.indexAnew(changed, 2, ['yellow lemons', 'and more']);
    await plane.records.restart(withheld, 'policy', [], world.clock.iso());
    const stop = { job: job(withheld, 'policy', 2), patch: {}, entries: [], at: world.clock.iso() };
    await plane.vectors.removeDocument(withheld);
    assert.ok(await plane.records.finishStage({ ...stop, outcome: 'quarantined' }));
    const wish = { doc_id: gone, cause: 'request' as const, reason: 'asked for', requested_by: 'usr_admin' };
    const erasure = await eraseDocument(plane, wish, 0);
    assert.equal(erasure.status, 'pending', 'it waits for who embeds the document');
  };
  assert.equal(await continueReindex(plane, world.hand()), true);
  const wish = { doc_id: gone, cause: 'request' as const, reason: 'asked for', requested_by: 'usr_admin' };
  assert.equal((await eraseDocument(plane, wish, 0)).status, 'completed');
  await world.finish();
  assert.equal((await plane.records.reindex(started.reindex_id))?.status, 'switched');
  await assertWhole(plane, [changed, late]);
  assert.equal((await plane.records.documentChunks(changed, { limit: 9, offset: 0 })).length, 2);
  for (const index of plane.indexes) for (const id of [gone, withheld]) assert.equal(await index.countDocument(id), 0);
  assert.equal((await search(plane, 'grapes')).chunks[0]?.doc_id, late);
});

test('two workers share it, and a document that was embedded by both is there once', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  const docs = [];
  for (let n = 0; n < 6; n++) docs.push(await world.index(`d${n}`, [`text number ${n}`, `another of ${n}`]));
  await start(world);
  const work = async (worker: string) => {
    while (await continueReindex(plane, world.hand(worker)));
  };
  await Promise.all([work('w1'), work('w2')]);
  await work('w1');
  await assertWhole(plane, docs);
  assert.equal(world.turned.texts.length, 12);
});

test('what a worker that was lost had taken is taken again when its time is over, and its late writing changes nothing', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned, clock } = world;
  const id = await world.index('a', ['red apples']);
  const started = await start(world);
  const going = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  turned.before = () => {
    going.resolve();
    turned.before = () => undefined;
    return stuck.promise;
  };
  const lost = continueReindex(plane, world.hand('lost'));
  await going.promise;
  await world.finish();
  assert.equal((await plane.records.reindex(started.reindex_id))?.status, 'building', 'it is held');
  clock.advance(61_000);
  await world.finish();
  assert.equal((await plane.records.reindex(started.reindex_id))?.status, 'switched');
  stuck.resolve();
  await lost;
  await assertWhole(plane, [id]);
});

test('a batch that takes longer than a hold keeps its documents from other workers', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned, clock } = world;
  const id = await world.index('a', ['red apples']);
  const started = await start(world);
  turned.before = async () => {
    for (let minutes = 0; minutes < 2; minutes++) {
      clock.advance(50_000);
      const later = new Date(clock.now() + 55_000).toISOString();
      await until('the worker to say that it is at it', () => plane.records.isReindexing(id, later));
      assert.equal(await continueReindex(plane, world.hand('other')), false, 'nothing is left to take');
    }
  };
  assert.equal(await continueReindex(plane, { ...world.hand(), sayMs: 5 }), true);
  await world.finish();
  assert.equal((await plane.records.reindex(started.reindex_id))?.status, 'switched');
  assert.equal(turned.texts.length, 1);
  await assertWhole(plane, [id]);
});

test('trouble is told at the reindex and costs nothing; a mismatch of dimensions ends it', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned } = world;
  await world.index('a', ['red apples']);
  const started = await start(world);
  turned.before = () => {
    throw new FrostbyteError('EMBEDDER_UNAVAILABLE', 'It sleeps.');
  };
  assert.equal(await continueReindex(plane, world.hand()), false);
  assert.equal((await plane.records.reindex(started.reindex_id))?.error_code, 'EMBEDDER_UNAVAILABLE');
  assert.equal((await search(plane, 'apples')).chunks.length, 1);
  turned.before = () => undefined;
  turned.embedDocuments = async () => [new Float32Array(767)];
  await world.finish();
  const ended = await plane.records.reindex(started.reindex_id);
  assert.deepEqual([ended?.status, ended?.error_code, ended?.ended_by], ['cancelled', 'DIMENSION_MISMATCH', 'system']);
  await world.finish();
  assert.equal(await plane.indexes[1].count(), 0);
  assert.equal((await search(plane, 'apples')).embed_model, 'lexical');
  const told = (await events(plane.records)).find(({ event_type }) => event_type === 'REINDEX_CANCELLED');
  assert.deepEqual([told?.details.status, told?.details.error_code], ['failure', 'DIMENSION_MISMATCH']);
});

test('one that is cancelled in the middle leaves nothing, and another begins afterwards', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned } = world;
  const id = await world.index('a', ['red apples']);
  const { reindex_id } = await start(world);
  turned.before = async () => {
    turned.before = () => undefined;
    await cancelReindex(plane, reindex_id, { by: 'usr_admin', error_code: null });
  };
  await world.finish();
  assert.equal(await plane.indexes[1].count(), 0);
  await assertWhole(plane, [id]);
  await assert.rejects(cancelReindex(plane, reindex_id, { by: 'usr_admin', error_code: null }), {
    code: 'INVALID_STATE_TRANSITION',
  });
  await start(world);
  await world.finish();
  await assertWhole(plane, [id]);
  assert.equal((await search(plane, 'apples')).embed_model, 'turned');
});

test('a second index that lost vectors is not served', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  await world.index('a', ['red apples']);
  const { reindex_id } = await start(world);
  await continueReindex(plane, world.hand());
  await plane.indexes[1].clear();
  assert.equal(await continueReindex(plane, world.hand()), false);
  const now = await plane.records.reindex(reindex_id);
  assert.deepEqual([now?.status, now?.error_code], ['building', 'INDEX_VERIFY_FAILED']);
});

test('what makes no sense is refused, with the mend', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  const refused = (wish: { model?: string }, code: string, message: RegExp) =>
    assert.rejects(startReindex(plane, { reason: 'x', ...wish }, 'usr_admin'), { code, message });
  await refused({ model: 'turned' }, 'INVALID_STATE_TRANSITION', /Nothing is indexed yet/);
  await world.index('a', ['red apples']);
  await refused({}, 'INVALID_STATE_TRANSITION', /made with lexical/);
  await refused({ model: 'absent' }, 'EMBEDDER_UNAVAILABLE', /absent/);
  const { config } = await plane.config();
  plane.config = async () => ({ config: { ...config, embedding_model: 'lexical' }, config_version: 2 });
  await refused({ model: 'turned' }, 'VALIDATION_ERROR', /pinned to the model lexical/);
  plane.config = async () => ({ config: { ...config, embedding_model: 'turned' }, config_version: 2 });
  const { model_version_match, embed_model } = await search(plane, 'apples');
  assert.deepEqual([model_version_match, embed_model], [false, 'lexical'], 'the index answers until it is made anew');
  await start(world);
  await refused({ model: 'turned' }, 'INVALID_STATE_TRANSITION', /already/);
  await world.finish();
  assert.equal((await search(plane, 'apples')).model_version_match, true);
});

test('search answers all the time, by one model or the other, and never with less', async (t) => {
  const world = await reindexWorld(t);
  const { plane, turned } = world;
  for (let n = 0; n < 8; n++) await world.index(`d${n}`, [`apples of basket ${n}`, `pears of basket ${n}`]);
  const found: string[] = [];
  let over = false;
  turned.before = () => new Promise((resolve) => setImmediate(resolve));
  const looking = (async () => {
    while (!over || found.length < 20) {
      const proof = await search(plane, 'apples');
      assert.equal(proof.chunks.length, 5);
      assert.ok(
        proof.chunks.every(({ text, embed_model }) => /apples/.test(text) && embed_model === proof.embed_model),
      );
      assert.ok(proof.chunks.every(({ similarity_score }) => similarity_score > 0.1));
      found.push(proof.embed_model);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (const model of ['turned', 'lexical', 'turned']) {
    await startReindex(plane, { model, reason: 'there and back' }, 'usr_admin');
    await world.finish();
  }
  over = true;
  await looking;
  assert.ok(found.includes('lexical') && found.at(-1) === 'turned');
});
