import { ADMIN, ingestion, querying, type Route } from './route.ts';
import { DocId, TenantId } from './schemas/common.ts';
import * as quarantine from './schemas/quarantine.ts';
import { ChunkPageQuery } from './schemas/query.ts';
import * as review from './schemas/review.ts';
import { z } from './zod.ts';

/** The rows of the table of routes where people decide: review queue, quarantine, originals behind a redaction. */

const tenant = z.object({ tenant_id: TenantId });
const document = z.object({ tenant_id: TenantId, doc_id: DocId });

export const DECISION_ROUTES = Object.freeze({
  listReviews: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/review',
    params: tenant,
    query: review.ReviewListQuery,
    status: 200,
    answer: z.array(review.ReviewItem),
    list: true,
    summary: 'List documents that wait for a person to decide their class',
  }),
  approveBatch: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/review',
    params: tenant,
    body: review.ReviewBatchBody,
    status: 200,
    answer: review.ReviewBatchAnswer,
    summary: 'Approve the proposed class of held documents of a batch; ask again while some remain',
  }),
  reviewDocument: ingestion({
    breakGlass: true,
    method: 'get',
    path: '/ingest/{tenant_id}/review/{doc_id}',
    params: document,
    query: ChunkPageQuery,
    status: 200,
    answer: review.ReviewDocument,
    summary: 'A held document: proposed class, alternatives, findings, a page of its text after the gates',
  }),
  decideReview: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/review/{doc_id}',
    params: document,
    body: review.ReviewBody,
    status: 200,
    answer: review.ReviewAnswer,
    summary: 'Approve or correct the class of a held document; it goes on',
  }),
  listQuarantine: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/quarantine',
    params: tenant,
    query: quarantine.QuarantineListQuery,
    status: 200,
    answer: z.array(quarantine.QuarantineItem),
    list: true,
    summary: 'List documents in quarantine, and documents with chunks in quarantine, newest first',
  }),
  quarantinedDocument: ingestion({
    method: 'get',
    path: '/ingest/{tenant_id}/quarantine/{doc_id}',
    params: document,
    query: ChunkPageQuery,
    status: 200,
    answer: quarantine.QuarantineDocument,
    summary: 'Why a document is in quarantine: types, categories, scores and places, never text',
  }),
  quarantinedBytes: ingestion({
    roles: ADMIN,
    breakGlass: true,
    method: 'get',
    path: '/ingest/{tenant_id}/quarantine/{doc_id}/bytes',
    params: document,
    status: 200,
    answer: { contentType: 'application/octet-stream' },
    summary: 'The bytes of a document in quarantine, malware too, for an administrator who names a reason',
  }),
  releaseQuarantine: ingestion({
    roles: ADMIN,
    method: 'post',
    path: '/ingest/{tenant_id}/quarantine/{doc_id}/release',
    params: document,
    body: quarantine.ReleaseBody,
    status: 200,
    answer: quarantine.ReleaseAnswer,
    summary: 'Release a document or named chunks from quarantine, with a reason; never malware',
  }),
  rejectQuarantine: ingestion({
    method: 'post',
    path: '/ingest/{tenant_id}/quarantine/{doc_id}/reject',
    params: document,
    body: quarantine.RejectBody,
    status: 200,
    answer: quarantine.RejectAnswer,
    summary: 'Refuse a document or named chunks in quarantine for good',
  }),
  originals: querying({
    roles: ADMIN,
    method: 'get',
    path: '/query/{tenant_id}/document/{doc_id}/originals',
    params: document,
    query: quarantine.OriginalsQuery,
    status: 200,
    answer: quarantine.OriginalsAnswer,
    orAs: { contentType: 'application/octet-stream' },
    summary:
      'What lies before redaction: the spans it took out, or the canonical document, a page’s text, the raw file',
  }),
} satisfies Record<string, Route>);
