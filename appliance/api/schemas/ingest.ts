import { DOCUMENT_STATES, STAGE_STATUSES, WORK_STAGES } from '../../kernel/pipeline.ts';
import { z } from '../zod.ts';
import { BatchId, DocId, pageOf, TenantId, Timestamp, Uuid } from './common.ts';

/** Bodies of batch status, lists, acceptance report and dead letters (spec 2). */

const stage = z.enum(STAGE_STATUSES);

export const FileStatus = z
  .object({
    file_id: z.string(),
    original_filename: z.string(),
    doc_id: DocId.nullable(),
    receipt_id: Uuid.nullable(),
    status: z.enum(['accepted', 'rejected', 'quarantined', 'missing', 'erased']),
    state: z.enum(DOCUMENT_STATES).nullable(),
    current_stage: z.string().nullable(),
    stages: z.object({ intake: stage, parse: stage, policy: stage, embed: stage, index: stage }),
    error: z
      .object({
        stage: z.string(),
        code: z.string(),
        message: z.string(),
        retry_count: z.number().int(),
        last_retry_at: Timestamp.nullable(),
      })
      .nullable(),
  })
  .openapi('FileStatus');
export type FileStatus = z.infer<typeof FileStatus>;

/** Headers of the progress stream. */
export const StreamHeaders = z.object({
  'last-event-id': z.string().max(1000).optional().openapi({ description: 'Goes on behind this event' }),
});

export const BATCH_STATES = ['receiving', 'processing', 'held', 'completed', 'cancelled'] as const;

export const BatchSummary = z.object({
  total_files: z.number().int(),
  completed: z.number().int(),
  processing: z.number().int(),
  queued: z.number().int(),
  held: z.number().int(),
  failed: z.number().int(),
});

/** Where a file of a batch ended; each file is in one place, so that the counts add up to `files_submitted`. */
export const FILE_OUTCOMES = [
  'indexed',
  'held',
  'quarantined',
  'rejected',
  'failed',
  'cancelled',
  'erased',
  'missing',
] as const;
export type FileOutcome = (typeof FILE_OUTCOMES)[number];

const count = z.number().int();

const ReportProblem = z
  .object({
    code: z.string(),
    /** `blocked`: not in search until something is done; `warning`: look at it; `note`: nothing to be done. */
    severity: z.enum(['blocked', 'warning', 'note']),
    stage: z.string().nullable(),
    page: count.nullable(),
    message: z.string(),
    remediation: z.string(),
  })
  .openapi('ReportProblem');

const ReportFile = z
  .object({
    file_id: z.string(),
    original_filename: z.string(),
    doc_id: DocId.nullable(),
    /** Of a document its state, else the receipt's status; `missing` never came, `erased` is gone, on request or with its time. */
    status: z.string(),
    outcome: z.enum(FILE_OUTCOMES),
    duplicate_of: Uuid.nullable(),
    intake: z.object({
      receipt_id: Uuid.nullable(),
      received_at: Timestamp.nullable(),
      mime_type: z.string(),
      size_bytes: count,
      sha256: z.string(),
      reason: z.string().nullable(),
      message: z.string().nullable(),
      remediation: z.string().nullable(),
      details: z.record(z.string(), z.unknown()).nullable(),
      scan_result: z.string().nullable(),
    }),
    parsing: z
      .object({
        coverage: z.number().nullable(),
        pages: count.nullable(),
        chunks: count.nullable(),
        tables: count.nullable(),
        figures: count.nullable(),
        ocr_pages: count.nullable(),
        ocr_avg_confidence: z.number().nullable(),
        dropped_content: z.array(
          z.object({ element_type: z.string(), page: count, reason: z.string(), remediation: z.string() }),
        ),
        /** Text that a reader would not see: kept out of search. */
        hidden_text: z.array(z.object({ kind: z.string(), page: count, characters: count })),
        warnings: z.array(z.string()),
      })
      .nullable(),
    policy: z
      .object({
        injection_max_score: z.number().nullable(),
        chunks_flagged: count.nullable(),
        chunks_quarantined: count.nullable(),
        pii_types: z.array(z.string()),
        pii_action_taken: z.string().nullable(),
        classification: z.string().nullable(),
        classification_confidence: z.number().nullable(),
        /** The class is a person's word. */
        human_override: z.boolean(),
        /** An administrator let it, or chunks of it, out of quarantine. */
        released: z.boolean(),
        config_version: count,
        policy_version: z.string().nullable(),
      })
      .nullable(),
    indexing: z
      .object({
        chunks_indexed: count.nullable(),
        indexed_at: Timestamp.nullable(),
        embed_model: z.string().nullable(),
        embed_version: z.string().nullable(),
      })
      .nullable(),
    problems: z.array(ReportProblem),
  })
  .openapi('ReportFile');

export const AcceptanceReport = z
  .object({
    report_id: Uuid,
    generated_at: Timestamp,
    /** False while files wait for a person's decision: another report follows. */
    final: z.boolean(),
    batch_id: BatchId,
    tenant_id: TenantId,
    submitted_at: Timestamp,
    submitted_by: z.string(),
    submitter: z.string().nullable(),
    summary: z.object({
      files_submitted: count,
      files_accepted: count,
      files_rejected: count,
      files_quarantined: count,
      files_duplicate: count,
      files_held: count,
      files_parsed_successfully: count,
      files_parsed_with_warnings: count,
      files_parse_failed: count,
      /** From here on documents count: one that came twice in the batch counts once. */
      total_chunks_produced: count,
      total_chunks_indexed: count,
      total_chunks_quarantined: count,
      classifications: z.record(z.string(), count),
      /** Documents that hold each type of personal data. */
      pii_types: z.record(z.string(), count),
      outcomes: z.object(
        Object.fromEntries(FILE_OUTCOMES.map((name) => [name, count])) as Record<FileOutcome, typeof count>,
      ),
    }),
    files: z.array(ReportFile),
  })
  .openapi('AcceptanceReport');
export type AcceptanceReport = z.infer<typeof AcceptanceReport>;

export const BatchStatus = z
  .object({
    batch_id: BatchId,
    tenant_id: TenantId,
    status: z.enum(BATCH_STATES),
    submitted_at: Timestamp,
    updated_at: Timestamp,
    summary: BatchSummary,
    files: z.array(FileStatus),
    acceptance_report: AcceptanceReport.nullable(),
  })
  .openapi('BatchStatus');
export type BatchStatus = z.infer<typeof BatchStatus>;

export const BatchListItem = z
  .object({
    batch_id: BatchId,
    status: z.enum(BATCH_STATES),
    file_count: z.number().int(),
    submitted_at: Timestamp,
    updated_at: Timestamp,
    submitted_by: z.string(),
  })
  .openapi('BatchListItem');

export const BatchListQuery = z.strictObject({
  status: z.enum(BATCH_STATES).optional(),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

export const DeadLetterAnswer = z
  .object({
    dlq_entry_id: Uuid,
    tenant_id: TenantId,
    original_job_id: z.string(),
    stage: z.string(),
    resource_type: z.string(),
    resource_id: z.string(),
    first_attempt_at: Timestamp,
    last_attempt_at: Timestamp,
    resolved_at: Timestamp.nullable(),
    retry_count: z.number().int(),
    error: z.object({ code: z.string(), message: z.string(), stack_trace_hash: z.string() }),
    status: z.enum(['pending_review', 'resolved', 'abandoned']),
    resolution: z.enum(['reprocessed', 'skipped', 'manual_fix']).nullable(),
  })
  .openapi('DeadLetter');

export const DeadLetterQuery = z.strictObject({
  stage: z.enum(WORK_STAGES).optional(),
  status: z.enum(['pending_review', 'resolved', 'abandoned']).optional(),
  cursor: Uuid.optional(),
  ...pageOf(50, 500),
});

/** `retry` runs the document again from the stage that gave up; `skip` leaves it as it is; `manual_fix` notes a mend. */
export const DeadLetterDecision = z
  .strictObject({ action: z.enum(['retry', 'skip', 'manual_fix']) })
  .openapi('DeadLetterDecision');

/**
 * One decision about all pending dead letters, or those of a stage: as many as `limit` a call, newest first, then on from
 * `cursor` until the answer has none.
 */
export const DeadLettersDecision = z
  .strictObject({
    action: z.enum(['retry', 'skip', 'manual_fix']),
    all: z.literal(true),
    stage: z.enum(WORK_STAGES).optional(),
    cursor: Uuid.optional(),
    limit: z.number().int().min(1).max(500).default(100),
  })
  .openapi('DeadLettersDecision');

export const DeadLettersDecided = z
  .object({
    action: z.enum(['retry', 'skip', 'manual_fix']),
    decided: z.number().int(),
    /** Those that the decision does not fit: why, by code. */
    passed_over: z.array(z.object({ dlq_entry_id: Uuid, resource_id: z.string(), code: z.string() })),
    cursor: Uuid.nullable(),
  })
  .openapi('DeadLettersDecided');
export type DeadLettersDecided = z.infer<typeof DeadLettersDecided>;
