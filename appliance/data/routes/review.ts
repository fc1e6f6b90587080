import type { RouteName } from '../../api/routes.ts';
import { cursorOf, listMeta, type PageQuery, placeOf } from '../../api/schemas/common.ts';
import type { ReviewBody, ReviewDocument, ReviewItem } from '../../api/schemas/review.ts';
import { auditEntry } from '../../audit/entry.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DocumentDecision } from '../../stores/record/port.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import type { DataRequest, DataRoute } from '../app.ts';
import { decide, handOver } from '../decisions/decide.ts';
import type { EnrichedChunk } from '../enriched.ts';
import { loadEnriched } from '../load.ts';
import { answer, found } from './answer.ts';
import { recordRead } from './query.ts';

/** Documents approved in one go: one transaction. */
const APPROVED_AT_ONCE = 200;

/** Routes of the review queue (spec 2 C, 4): documents whose class a person has to decide. */
export const REVIEW_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async listReviews({ plane, query }) {
    const page = query as unknown as PageQuery & { sort: 'asc' | 'desc'; batch_id?: string };
    const { sort, batch_id } = page;
    const { rows, total } = await plane.records.documents({
      ...placeOf(page),
      state: 'held',
      sort,
      ...(batch_id ? { batch_id } : {}),
    });
    return answer(rows.map(reviewItem), {
      meta: listMeta(total, page, { batch_id, sort }, cursorOf(rows, page.limit, 'doc_id')),
    });
  },

  async reviewDocument(context) {
    const { plane, params, query } = context;
    const { page, limit } = query as { page: number; limit: number };
    const row = heldDocument(await plane.records.document(params.doc_id!));
    const { chunks } = await loadEnriched(plane, row);
    await recordRead(context, row.doc_id, { what: 'review' });
    return answer({
      ...reviewItem(row),
      ...judgement(row),
      chunks: chunks.slice((page - 1) * limit, page * limit).map(excerpt),
      chunk_total: chunks.length,
    } satisfies ReviewDocument);
  },

  async decideReview(context) {
    const { plane, params, wake } = context;
    const body = context.body as ReviewBody;
    const row = found(await plane.records.document(params.doc_id!), 'document');
    if (row.state !== 'held') {
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        `The document is ${row.state}: it does not wait for a review.`,
      );
    }
    if (
      body.decision === 'approve' &&
      body.classification !== undefined &&
      body.classification !== row.classification
    ) {
      throw new FrostbyteError('INVALID_STATE_TRANSITION', 'Another class is proposed by now. Look at it anew.');
    }
    const decision = reviewed(context, row, body);
    const { state } = await decide(plane, decision);
    wake();
    return answer({ doc_id: row.doc_id, ...decision.set.review, state });
  },

  async approveBatch(context) {
    const { plane, wake } = context;
    const { batch_id, note } = context.body as { batch_id: string; note?: string };
    found(await plane.records.batch(batch_id), 'batch');
    const held = { state: 'held' as const, batch_id };
    const { rows } = await plane.records.documents({ ...held, limit: APPROVED_AT_ONCE, sort: 'asc' });
    const body = { decision: 'approve' as const, ...(note === undefined ? {} : { note }) };
    const approved = await plane.records.decide(rows.map((row) => reviewed(context, row, body)));
    await handOver(plane);
    wake();
    const { total } = await plane.records.documents({ ...held, limit: 1 });
    return answer({ batch_id, approved: approved.length, remaining: total });
  },
};

/** A document that waits for a review; any other is not found in the queue. */
function heldDocument(row: DocumentRow | null): DocumentRow {
  if (row?.state === 'held') return row;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such document in the review queue.');
}

function reviewed({ plane, caller }: DataRequest, row: DocumentRow, body: ReviewBody): DocumentDecision {
  const at = plane.clock.iso();
  const proposed = row.classification ?? 'other';
  const classification = body.classification ?? proposed;
  const entry = auditEntry(plane.clock, 'CLASSIFICATION_REVIEWED', {
    tenant_id: plane.tenant_id,
    actor: caller.subject,
    resource_id: row.doc_id,
    adds: { decision: body.decision, classification, previous: proposed },
  });
  const { decision, note = null } = body;
  const review = { decision, classification, proposed, note, decided_by: caller.subject, decided_at: at };
  return { seen: row, set: { review }, restart: 'policy', entries: [entry], at };
}

function reviewItem(row: DocumentRow): ReviewItem {
  return {
    doc_id: row.doc_id,
    original_filename: row.original_filename,
    mime_type: row.mime_type,
    classification: (row.classification ?? 'other') as ReviewItem['classification'],
    classification_confidence: row.classification_confidence ?? 0,
    received_at: row.received_at,
    batch_id: row.batch_id,
    page_count: row.page_count,
    chunk_count: row.chunk_count,
  };
}

interface Findings {
  parsing?: { coverage?: number; warnings?: string[] };
  policy?: {
    decided_by?: ReviewDocument['decided_by'];
    classification_alternatives?: ReviewDocument['alternatives'];
    pii_types?: string[];
    pii_action_taken?: string;
    injection_max_score?: number;
    chunks_flagged?: number;
    chunks_quarantined?: number;
  };
}

function judgement(row: DocumentRow): Pick<ReviewDocument, 'decided_by' | 'alternatives' | 'findings'> {
  const { parsing = {}, policy = {} } = row.findings as Findings;
  return {
    decided_by: policy.decided_by ?? null,
    alternatives: policy.classification_alternatives ?? [],
    findings: {
      coverage: parsing.coverage ?? null,
      warnings: parsing.warnings ?? [],
      pii_types: policy.pii_types ?? [],
      pii_action_taken: policy.pii_action_taken ?? null,
      injection_max_score: policy.injection_max_score ?? null,
      chunks_flagged: policy.chunks_flagged ?? null,
      chunks_quarantined: policy.chunks_quarantined ?? null,
    },
  };
}

/** A chunk after the gates. What is in quarantine is shown by its place alone, here as everywhere. */
function excerpt({ policy, ...chunk }: EnrichedChunk): ReviewDocument['chunks'][number] {
  const withheld = policy.injection_action_taken === 'quarantine';
  return {
    chunk_id: chunk.chunk_id,
    text: withheld ? null : chunk.text,
    withheld,
    page: chunk.page,
    element_type: chunk.element_type,
    section_title: withheld ? null : chunk.metadata.section_title,
    boxes: chunk.boxes ?? null,
    pii_types: policy.pii_types_found,
    injection_score: policy.injection_score,
    injection_patterns: policy.injection_patterns_matched,
  };
}
