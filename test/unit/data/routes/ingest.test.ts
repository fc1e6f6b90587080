import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchReceipt } from '../../../../appliance/api/receipts.ts';
import type { DataRequest } from '../../../../appliance/data/app.ts';
import type { Scanner } from '../../../../appliance/data/plane.ts';
import { INGEST_ROUTES } from '../../../../appliance/data/routes/ingest.ts';
import { settleBatches } from '../../../../appliance/data/settle.ts';
import { publish, TENANT, toIndex } from '../../../contract/record/builders.ts';
import { makeBatch, type TestBatch, text } from '../../../support/batch.ts';
import { smallPlane } from '../../../support/faults/small-plane.ts';

test('bytes that were served and are malware now lose rows and vectors, and their first batch tells it', async (t) => {
  const small = await smallPlane();
  t.after(() => small.end());
  const { plane } = small;
  const { records, vectors } = plane;
  let known = false;
  const verdict = () => (known ? { result: 'quarantined' as const, signature: 'Test' } : { result: 'clean' as const });
  const scan = { write: async () => {}, end: async () => verdict(), abort: () => {} };
  const scanner: Scanner = { configured: true, begin: async () => scan, check: async () => {} };
  const send = async ({ form }: TestBatch): Promise<BatchReceipt> => {
    const request = new Request('http://box/batch', { method: 'POST', body: form });
    const caller = { subject: 'dana' } as DataRequest['caller'];
    const asked = { plane: { ...plane, scanner }, request, caller, wake: () => {} } as unknown as DataRequest;
    const response = await INGEST_ROUTES.submitBatch!(asked);
    assert.equal(response.status, 202);
    return ((await response.json()) as { data: BatchReceipt }).data;
  };

  const file = text('sleeper.txt', 'harmless as long as nobody knows it');
  const first = makeBatch(TENANT, [file]);
  const [{ doc_id } = { doc_id: null }] = (await send(first)).receipts;
  await toIndex(records, doc_id!);
  await publish(records, doc_id!, [{ text: 'harmless' }]);
  await vectors.upsert(
    (await records.documentChunks(doc_id!, { limit: 5, offset: 0 })).map(({ chunk_id, page, classification }) => {
      const vector = new Float32Array(768).with(0, 1);
      return { chunk_id, doc_id: doc_id!, page, classification, vector, ingested_at: plane.clock.iso() };
    }),
  );
  await settleBatches(plane, doc_id!);
  assert.equal(await vectors.count(), 1);

  known = true;
  const second = makeBatch(TENANT, [file]);
  const receipt = await send(second);
  assert.deepEqual([receipt.counts.quarantined, receipt.counts.duplicates], [1, 1]);
  assert.equal(await vectors.count(), 0);
  assert.deepEqual(await records.searchText({ text: 'harmless', limit: 5 }), []);
  for (const { manifest } of [first, second]) {
    const report = (await records.report(manifest.batch_id)) as { final: boolean; files: { status: string }[] };
    assert.deepEqual([report.final, report.files[0]!.status], [true, 'quarantined'], manifest.batch_id);
  }
});
