import assert from 'node:assert/strict';
import { makeBatch } from '../batch.ts';
import { cameTo, closed, NOTHING, onBatch, oneOf, REASON, type Run } from './action.ts';
import type { Content } from './contents.ts';
import type { Trouble } from './doubles.ts';
import { checkStores } from './inventory.ts';
import type { Batch, Desk, Start, TenantModel } from './model.ts';
import type { Answer, Session } from './session.ts';

/** What people do about batches, and the pipeline that works them off. */

/** A value that the tenant's schema does not have. */
const NO_DESK = 'nowhere';

/**
 * Files of the pool are sent, by their numbers, with metadata of the batch that they inherit; the one at `wrong` has
 * metadata of its own that the schema refuses.
 */
export const submit = (kinds: readonly number[], desk: Desk = 'south', wrong: number | null = null): Run => {
  return async (session, tenant) => {
    const files = kinds.map((kind) => session.contents[kind]!);
    const who = session.ownAdmin(tenant);
    const batch_id = session.newBatchId();
    const { form, manifest } = makeBatch(
      tenant.id,
      files.map(({ filename, text }) => ({ filename, mime_type: 'text/plain', content: text })),
      { batch_id, metadata: { desk } },
    );
    const told = manifest.files.map((file, i) => (i === wrong ? { ...file, metadata: { desk: NO_DESK } } : file));
    form.set('manifest', JSON.stringify({ ...manifest, files: told }));
    const status = closed(tenant, 'own') || 202;
    const answer = await session.must(status, who, 'POST', `/ingest/${tenant.id}/batch`, form);
    if (status !== 202) return;
    const { receipts } = answer.json().data as { receipts: Body[] };
    arrive(session, tenant, { batchId: batch_id, files, desk, wrong }, receipts);
  };
};

type Body = Record<string, unknown>;

/** A batch has arrived: its receipts say what they must, and the model has its documents. */
export function arrive(
  session: Session,
  tenant: TenantModel,
  { batchId, files, desk, wrong }: { batchId: string; files: readonly Content[]; desk: Desk; wrong: number | null },
  receipts: readonly Body[],
): void {
  assert.equal(receipts.length, files.length);
  const batch: Batch = { id: batchId, receipts: [], status: 'processing', isCancelled: false, isReported: false };
  tenant.batches.set(batchId, batch);
  for (const [i, content] of files.entries()) {
    const body = receipts[i]!;
    const { status: is, duplicate_of, doc_id, file_id } = body;
    // What a file is matters more than what is said about it.
    if (i === wrong && !content.isMalware) {
      assert.deepEqual([is, body.reason, doc_id, duplicate_of], ['rejected', 'METADATA_INVALID', null, null]);
      tenant.tell('DOCUMENT_REJECTED', `${batchId}/${String(file_id)}`);
      batch.receipts.push({ content, docId: '', body, isBlanked: false });
      continue;
    }
    const docId = session.docId(tenant, content);
    // Metadata that do not fit are not kept, also of what goes to quarantine.
    const expected = tenant.receive(batchId, content, docId, session.now, i === wrong ? null : desk);
    const doc = tenant.docs.get(docId)!;
    if (doc.receiptId === '') doc.receiptId = String(body.receipt_id);
    assert.deepEqual(
      { status: is, duplicate_of, doc_id },
      { ...expected, doc_id: docId },
      `receipt of ${content.kind}`,
    );
    batch.receipts.push({ content, docId, body, isBlanked: false });
  }
  tenant.tell('BATCH_RECEIVED', batchId);
  tenant.settle(batch);
}

/** The same bytes again, mostly of a document that was cancelled or has gone. */
export const resend =
  (nth: number): Run =>
  async (session, tenant) => {
    const came = cameTo(session, tenant);
    const suited = came.filter((content) => {
      const doc = tenant.docs.get(session.docId(tenant, content));
      return doc === undefined || !['processing', 'indexed', 'held'].includes(doc.state);
    });
    const content = oneOf(nth % 4 === 3 || suited.length === 0 ? came : suited, nth);
    if (content === undefined) return NOTHING;
    await submit([session.contents.indexOf(content)])(session, tenant);
    return content.kind;
  };

/** All that is under way comes to rest, and the stores hold what is served and nothing else. */
export const run: Run = (session, tenant) => runWith(null)(session, tenant);

/** The same while a stage gives documents up. */
export const runWith =
  (trouble: Trouble | null): Run =>
  async (session, tenant) => {
    if (tenant.isSuspended) return;
    await session.world.runToRest([tenant.id], trouble);
    tenant.runToRest(trouble);
    await checkStores(session, tenant);
  };

export const cancel = (nth: number) =>
  onBatch(
    nth,
    async (session, tenant, batch) => {
      const refused = closed(tenant, 'own');
      const status = refused || (!batch.isCancelled && batch.status !== 'processing' ? 409 : 200);
      await session.must(status, session.ownAdmin(tenant), 'DELETE', `/ingest/${tenant.id}/batch/${batch.id}`);
      if (status === 200) tenant.cancel(batch);
    },
    ({ status }) => status === 'processing',
  );

export const reprocessBatch = (nth: number, start: Start) =>
  onBatch(nth, async (session, tenant, batch) => {
    const status = closed(tenant, 'own') || 202;
    const body = { ...REASON, from: start, batch_id: batch.id };
    const answer = await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/reprocess`, body);
    if (status !== 202) return;
    tenant.tell('REPROCESS_STARTED', batch.id);
    const id = requestId(answer);
    tenant.requests.push({ id, batchId: batch.id, start, rules: tenant.rules, requestedAt: session.now });
    batch.status = 'processing';
    batch.isCancelled = false;
  });

/** Whatever goes by older terms runs again. */
export const reprocessBelow =
  (start: 'parse' | 'policy'): Run =>
  async (session, tenant) => {
    const status = closed(tenant, 'own') || 202;
    const body = { ...REASON, from: start, below: { config_version: 'current' } };
    const answer = await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/reprocess`, body);
    if (status !== 202) return;
    tenant.tell('REPROCESS_STARTED', tenant.id);
    tenant.requests.push({
      id: requestId(answer),
      batchId: null,
      start,
      rules: tenant.rules,
      requestedAt: session.now,
    });
  };

const requestId = (answer: Answer) => (answer.json().data as { reprocess_id: string }).reprocess_id;

/** A request to run documents again ends, mostly one that has its way before it. */
export const cancelRequest = (nth: number): Run => {
  return async (session, tenant) => {
    const open = nth % 4 === 3 ? undefined : oneOf(tenant.requests, nth);
    const past = open === undefined ? oneOf(tenant.pastRequests, nth) : undefined;
    const id = (open ?? past)?.id;
    if (id === undefined) return NOTHING;
    const status = closed(tenant, 'own') || (open !== undefined || past!.isCancelled ? 200 : 409);
    await session.must(status, session.ownAdmin(tenant), 'DELETE', `/ingest/${tenant.id}/reprocess/${id}`);
    if (status === 200 && open !== undefined) tenant.cancelRequest(open);
    return id;
  };
};

/** A receipt says what it said first, but for what an erasure blanks. */
export const receipts = (nth: number) =>
  onBatch(nth, async (session, tenant, batch) => {
    for (const { body, isBlanked } of batch.receipts) {
      const path = `/ingest/${tenant.id}/receipt/${String(body.receipt_id)}`;
      const status = closed(tenant, 'own') || 200;
      const answer = await session.must(status, session.ownAdmin(tenant), 'GET', path);
      if (status !== 200) return;
      const blanks = isBlanked ? { original_filename: '[ERASED]', details: null } : {};
      assert.deepEqual(answer.json().data, { ...body, ...blanks }, 'a receipt is immutable');
    }
  });
