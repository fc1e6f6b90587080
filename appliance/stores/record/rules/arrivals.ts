import { FrostbyteError } from '../../../kernel/errors.ts';
import type { FileDecision, NewDocument } from '../port.ts';
import type { BatchRow, DocumentRow } from '../rows.ts';
import { stagesAt, withdrawn } from './document-steps.ts';

/** What becomes of documents as batches bring them. */

export type KeptFile = Exclude<FileDecision, { kind: 'rejected' }>;

/** States after which the same bytes run again when they are sent again (spec 2, "Ids"). */
export const TRY_AGAIN: ReadonlySet<DocumentRow['state']> = new Set([
  'cancelled',
  'parse_failed',
  'policy_failed',
  'embed_failed',
  'index_failed',
]);

/** A document that was not there, in its first run behind `earlierRuns` of an erased one, by this version of the config. */
export function newDocument(
  batch: Pick<BatchRow, 'batch_id'>,
  decision: KeptFile,
  earlierRuns: number,
  config_version: number,
): DocumentRow {
  const accepted = decision.kind === 'accepted';
  const after = accepted ? 'queued' : 'skipped';
  return {
    ...decision.document,
    state: accepted ? 'processing' : 'quarantined',
    current_stage: accepted ? 'parse' : 'intake',
    stages: { intake: accepted ? 'completed' : 'quarantined', parse: after, policy: after, embed: after, index: after },
    run: earlierRuns + 1,
    config_version,
    batch_id: batch.batch_id,
    receipt_id: decision.receipt.receipt_id,
    parsed_at: null,
    indexed_at: null,
    canonical_sha256: null,
    enriched_sha256: null,
    vectors_sha256: null,
    embed_model: null,
    embed_version: null,
    page_count: null,
    chunk_count: null,
    chunks_indexed: null,
    chunks_quarantined: null,
    chunks_rejected: null,
    classification: null,
    classification_confidence: null,
    findings: {},
    error: null,
    last_output_hash: decision.entry.event.details.output_hash ?? `sha256:${decision.document.raw_sha256}`,
    index_event_id: null,
    first_attempt_at: null,
    review: null,
    release: null,
    rejection: null,
    served: null,
    reprocess_id: null,
  };
}

/** A document whose bytes came again: metadata joined, the newer value winning, and kept for the longer time. */
export function joined(first: DocumentRow, again: NewDocument): DocumentRow {
  return {
    ...first,
    metadata: { ...first.metadata, ...again.metadata },
    // Both are UTC with milliseconds: the later text is the later time.
    retention_until: first.retention_until > again.retention_until ? first.retention_until : again.retention_until,
  };
}

/**
 * Bytes that passed once are now known for malware: the document goes to quarantine, jobs of its run are stale, and
 * nothing of it is served.
 */
export function condemned(first: DocumentRow, found: NewDocument): DocumentRow {
  return {
    ...withdrawn(first),
    state: 'quarantined',
    quarantine_reason: found.quarantine_reason,
    scan_result: found.scan_result,
    storage_path: found.storage_path,
    current_stage: 'intake',
    stages: stagesAt(first, 'intake', 'quarantined', 'skipped'),
    run: first.run + 1,
    // What a stage failed of is no reason any more: this is.
    error: null,
  };
}

/** Bytes of a document that is going: once it is gone they make a new one. */
export function underErasure(): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    'A file of the batch is a document that is being erased. Send the batch again in a moment.',
    { retryAfter: 5 },
  );
}

/**
 * Throws `QUOTA_EXCEEDED` where an arrival takes the tenant beyond its quota. A tenant above it may still send what takes
 * no room: bytes that are there, and files that are refused.
 */
export function refuseBeyondQuota(before: number, bytes: number, quota: number): void {
  if (bytes <= quota || bytes <= before) return;
  throw new FrostbyteError('QUOTA_EXCEEDED', 'The batch would take the tenant beyond its storage quota.', {
    details: [{ field: 'storage_quota_gb', constraint: `${before} bytes stored, ${bytes - before} coming` }],
  });
}
