import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexStage } from '../../../appliance/data/5-index/stage.ts';
import { whileServed } from '../../../appliance/data/indexes.ts';
import { startReindex } from '../../../appliance/data/reindex/start.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import type { VectorPoint } from '../../../appliance/stores/vector/port.ts';
import { minute, toIndex } from '../../contract/record/builders.ts';
import { reindexWorld } from '../../support/reindex-world.ts';

const point = (n: number, doc_id = 'doc_00000000000000aa'): VectorPoint => ({
  chunk_id: `chk_${String(n).padStart(16, '0')}`,
  doc_id,
  vector: new Float32Array(768).fill(0).with(n, 1),
  classification: 'other',
  page: 1,
  ingested_at: minute(1),
});

test('what is written and read is the served index’s; what is removed goes from both, and is counted in both', async (t) => {
  const { plane } = await reindexWorld(t);
  const [first, second] = plane.indexes;
  await plane.vectors.upsert([point(1), point(2)]);
  await second.upsert([point(1), point(3)]);
  assert.deepEqual([await plane.vectors.count(), await first.count()], [2, 2]);
  assert.deepEqual([...(await plane.vectors.read([point(3).chunk_id])).keys()], []);
  assert.equal(await plane.vectors.countDocument(point(1).doc_id), 4);
  assert.equal((await plane.vectors.usage()).objects, 4);
  await plane.vectors.remove([point(1).chunk_id]);
  assert.deepEqual([await first.count(), await second.count()], [1, 1]);
  await plane.vectors.removeDocument(point(1).doc_id, new Set([point(2).chunk_id]));
  assert.deepEqual([await first.count(), await second.count()], [1, 1], 'what is to be kept says nothing of the other');
  assert.deepEqual(await plane.vectors.removeDocument(point(1).doc_id), [point(2).chunk_id]);
  assert.deepEqual([await first.count(), await second.count(), await plane.vectors.scrub()], [0, 0, true]);
});

test('what was read while another index came to be served is read again, also where it failed', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  await world.index('a', ['red apples']);
  const seen: string[] = [];
  const answer = await whileServed(plane, async ({ number, embedder }) => {
    seen.push(`${number} ${embedder.model}`);
    if (seen.length === 1) {
      await startReindex(plane, { model: 'turned', reason: 'x' }, 'usr_admin');
      await world.finish();
      throw new FrostbyteError('STORE_UNAVAILABLE', 'It was emptied.');
    }
    return seen.length;
  });
  assert.deepEqual([answer, seen], [2, ['0 lexical', '1 turned']]);
  await assert.rejects(
    whileServed(plane, async () => {
      throw new FrostbyteError('STORE_UNAVAILABLE', 'It is away.');
    }),
    { code: 'STORE_UNAVAILABLE' },
  );
});

test('a document that was embedded for an index that is not served any more goes back to be embedded', async (t) => {
  const world = await reindexWorld(t);
  const { plane } = world;
  await world.index('a', ['red apples']);
  const [late] = (await world.receive('late', ['late'])) as [string];
  await toIndex(plane.records, late);
  await startReindex(plane, { model: 'turned', reason: 'x' }, 'usr_admin');
  await world.finish();
  const document = { ...(await plane.records.document(late))!, embed_model: 'lexical', embed_version: '1' };
  const { signal } = new AbortController();
  assert.equal((await indexStage.run({ plane, document, signal })).kind, 'again');
  assert.equal(await plane.indexes[0].countDocument(late), 0);
});
