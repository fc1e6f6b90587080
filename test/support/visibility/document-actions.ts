import assert from 'node:assert/strict';
import { closed, onDocument, REASON } from './action.ts';
import type { Start } from './model.ts';

/** What people do about one document. */

/** A person decides the class of what waits. */
export const review = (nth: number, decision: 'approve' | 'correct') =>
  onDocument(
    nth,
    async (session, tenant, docId, doc) => {
      // What they add is of the document, and goes with it.
      const note = `read in ${doc?.content.name ?? 'vain'}`;
      const body = { note, decision, ...(decision === 'approve' ? {} : { classification: 'contract' }) };
      const status = closed(tenant, 'own') || (doc === undefined ? 404 : doc.state === 'held' ? 200 : 409);
      await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/review/${docId}`, body);
      if (status !== 200) return;
      doc!.isReviewed = true;
      tenant.tell('CLASSIFICATION_REVIEWED', docId);
      tenant.begin(doc!, 'policy');
    },
    (_, { state }) => state === 'held',
  );

/** An administrator lets out what is in quarantine. */
export const release = (nth: number, pii: 'redact' | 'flag') =>
  onDocument(
    nth,
    async (session, tenant, docId, doc) => {
      const status = closed(tenant, 'admin') || (doc === undefined ? 404 : tenant.mayRelease(doc) ? 200 : 409);
      const body = doc?.reason === 'PII_BLOCK_POLICY' ? { ...REASON, pii_action: pii } : REASON;
      await session.must(status, 'frode', 'POST', `/ingest/${tenant.id}/quarantine/${docId}/release`, body);
      if (status === 200) tenant.release(doc!, pii);
    },
    (tenant, doc) => tenant.mayRelease(doc),
  );

/** Somebody refuses it for good. */
export const reject = (nth: number) =>
  onDocument(
    nth,
    async (session, tenant, docId, doc) => {
      const status = closed(tenant, 'own') || (doc === undefined ? 404 : tenant.mayReject(doc) ? 200 : 409);
      const path = `/ingest/${tenant.id}/quarantine/${docId}/reject`;
      await session.must(status, session.ownAdmin(tenant), 'POST', path, REASON);
      if (status !== 200) return;
      tenant.reject(doc!);
      // What was refused as a whole never runs again.
      if (!doc!.isRejected) return;
      const again = { ...REASON, from: 'policy', doc_id: docId };
      await session.must(409, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/reprocess`, again);
    },
    (tenant, doc) => tenant.mayReject(doc),
  );

/** It runs again, by the terms of now. */
export const reprocess = (nth: number, from: Start) =>
  onDocument(nth, async (session, tenant, docId, doc) => {
    const status = closed(tenant, 'own') || (doc === undefined ? 404 : tenant.mayRun(doc) ? 202 : 409);
    const body = { ...REASON, from, doc_id: docId };
    await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/reprocess`, body);
    if (status === 202) tenant.reprocess(doc!, from, tenant.rules);
  });

export const erase = (nth: number) =>
  onDocument(nth, async (session, tenant, docId, doc) => {
    const status = closed(tenant, 'own') || (doc === undefined ? 404 : tenant.isHeldByLaw(doc) ? 409 : 200);
    const body = { ...REASON, confirm_doc_id: docId };
    const path = `/query/${tenant.id}/document/${docId}`;
    const answer = await session.must(status, session.ownAdmin(tenant), 'DELETE', path, body);
    if (status !== 200) return;
    assert.equal((answer.json().data as { status: string }).status, 'completed');
    tenant.erase(doc!);
  });
