import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditEntry } from '../../../appliance/audit/entry.ts';
import { maintain } from '../../../appliance/bin/wire/maintenance.ts';
import { vectorsKey } from '../../../appliance/data/keys.ts';
import { matchVectors } from '../../../appliance/data/served-vectors.ts';
import { float32LittleEndian, sha256Hex, vectorSha256 } from '../../../appliance/kernel/digest.ts';
import { newId } from '../../../appliance/kernel/ids.ts';
import { arrival, chunksOf, job, minute, TENANT } from '../../contract/record/builders.ts';
import { smallPlane } from '../../support/faults/small-plane.ts';

/** A plane with one document that serves two chunks whose vectors are in order. */
async function world(t: TestContext) {
  const small = await smallPlane();
  t.after(() => small.end());
  const { plane } = small;
  const [id] = (await small.receive('b', ['two chunks'])) as [string];
  const texts = ['the first words', 'and the second'];
  const vectors = await (await plane.embedder()).embedDocuments(texts);
  const bytes = Buffer.concat(vectors.map((vector) => float32LittleEndian(vector)));
  const hash = sha256Hex(bytes);
  await plane.objects.put(vectorsKey(TENANT, id, 'c'.repeat(64), hash), bytes);
  const { chunks, index_records } = chunksOf(
    id,
    texts.map((text) => ({ text })),
  );
  for (const [i, record] of index_records.entries()) record.vector_sha256 = vectorSha256(vectors[i]!);
  const points = chunks.map(({ chunk_id, doc_id, page, classification }, i) => {
    return { chunk_id, doc_id, page, classification, vector: vectors[i]!, ingested_at: minute(1) };
  });
  const stages = [
    ['parse', { canonical_sha256: 'c'.repeat(64) }],
    ['policy', { enriched_sha256: 'e'.repeat(64) }],
    ['embed', { vectors_sha256: hash, embed_model: 'lexical', embed_version: '1' }],
  ] as const;
  for (const [stage, patch] of stages) {
    await plane.records.finishStage({ job: job(id, stage), patch, entries: [], at: minute(2), outcome: 'advance' });
  }
  await plane.vectors.upsert(points);
  const written = auditEntry(plane.clock, 'INDEX_WRITTEN', { tenant_id: TENANT, actor: 'system', resource_id: id });
  const publication = { chunks, index_records, patch: {}, entries: [written], index_event_id: written.event.event_id };
  assert.ok(await plane.records.publish({ job: job(id, 'index'), ...publication, at: minute(3) }));
  const stored = async () => {
    const found = await plane.vectors.read(chunks.map(({ chunk_id }) => chunk_id));
    return chunks.map(({ chunk_id }) => (found.has(chunk_id) ? vectorSha256(found.get(chunk_id)!) : null));
  };
  const right = vectors.map(vectorSha256);
  return { plane, id, points, stored, right };
}

const other = new Float32Array(768).fill(0).with(5, 1);
const stray = {
  chunk_id: 'chk_00000000000000ff',
  page: 1,
  classification: 'other',
  vector: other,
  ingested_at: minute(1),
};

test('vectors of a version that nobody serves go, and the served ones are there again, bit for bit', async (t) => {
  const { plane, id, points, stored, right } = await world(t);
  await plane.vectors.upsert([
    { ...points[0]!, vector: other },
    { ...stray, doc_id: id },
  ]);
  await plane.vectors.remove([points[1]!.chunk_id]);
  await matchVectors(plane, id);
  assert.deepEqual(await stored(), right);
  assert.equal(await plane.vectors.count(), 2);
});

test('what is in order is not written again', async (t) => {
  const { plane, id, stored, right } = await world(t);
  plane.vectors.upsert = () => assert.fail('nothing is to be written');
  await matchVectors(plane, id);
  assert.deepEqual(await stored(), right);
});

test('a document that serves nothing keeps no vector, and neither does one that is gone', async (t) => {
  const { plane, id } = await world(t);
  await plane.records.restart(id, 'policy', [], minute(4));
  const end = { job: job(id, 'policy', 2), patch: {}, entries: [], at: minute(5), outcome: 'held' as const };
  assert.ok(await plane.records.finishStage(end));
  await plane.vectors.upsert([{ ...stray, doc_id: 'doc_00000000000000aa' }]);
  await matchVectors(plane, id);
  await matchVectors(plane, 'doc_00000000000000aa');
  assert.equal(await plane.vectors.count(), 0);
});

test('vectors of what came to be known for malware go, also where a crash came right behind the receipt', async (t) => {
  const { plane, id } = await world(t);
  const found = { file_id: 'a', content: 'two chunks', kind: 'quarantined' as const };
  await plane.records.receive(arrival('again', [found], { at: minute(4) }));
  assert.equal((await plane.records.document(id))?.quarantine_reason, 'MALWARE_DETECTED');
  assert.equal(await plane.vectors.countDocument(id), 2, 'left by the crash');
  const nobody = () => false;
  await maintain(plane, 1e12, nobody, nobody);
  assert.equal(await plane.vectors.countDocument(id), 0);
  assert.deepEqual(await plane.records.openBatches(null, 10), [], 'both batches tell it');
});

test('a document that is being erased keeps its vectors until that is decided', async (t) => {
  const { plane, id, stored, right } = await world(t);
  const intent = { deletion_receipt_id: newId(), doc_id: id, cause: 'request' as const, reason: 'r' };
  const pending = await plane.records.beginErasure({ ...intent, requested_by: 'dana', requested_at: minute(4) });
  await matchVectors(plane, id);
  assert.ok(await plane.records.takeBackErasure(pending!.deletion_receipt_id));
  assert.deepEqual(await stored(), right);
});

test('a document at work is left alone', async (t) => {
  const { plane, id, points } = await world(t);
  await plane.records.restart(id, 'policy', [], minute(4));
  await plane.vectors.remove([points[0]!.chunk_id]);
  await matchVectors(plane, id);
  assert.equal(await plane.vectors.count(), 1);
});

test('a version that was replaced meanwhile is not put back over the new one', async (t) => {
  const { plane, id, points, stored } = await world(t);
  await plane.vectors.remove([points[0]!.chunk_id]);
  const [served] = plane.indexes;
  const upsert = served.upsert.bind(served);
  let replaced = false;
  served.upsert = async (given) => {
    await upsert(given);
    if (replaced) return;
    replaced = true;
    // Another run comes to its end: policy stops the document, and takes its vectors away.
    await plane.vectors.removeDocument(id);
    await plane.records.restart(id, 'policy', [], minute(4));
    const end = { job: job(id, 'policy', 2), patch: {}, entries: [], at: minute(5), outcome: 'quarantined' as const };
    assert.ok(await plane.records.finishStage(end));
    await upsert(given);
  };
  await matchVectors(plane, id);
  assert.deepEqual(await stored(), [null, null]);
});

test('vectors whose object is not what was recorded are not put back', async (t) => {
  const { plane, id, points } = await world(t);
  await plane.vectors.remove([points[0]!.chunk_id]);
  const { vectors_sha256 } = (await plane.records.document(id))!;
  const key = vectorsKey(TENANT, id, 'c'.repeat(64), vectors_sha256!);
  await plane.objects.delete(key);
  await plane.objects.put(key, Buffer.alloc(2 * 768 * 4));
  await assert.rejects(matchVectors(plane, id), { code: 'OBJECT_CORRUPTED' });
});
