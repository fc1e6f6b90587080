import { z } from '@hono/zod-openapi';
import { DOCUMENT_STATES, STAGE_STATUSES } from '../../kernel/pipeline.ts';
import { BatchId, DocId, pageOf, TenantId, Timestamp, Uuid } from './common.ts';

/** Bodies of batch status, lists, acceptance report and dead letters (spec 2). */

const stage = z.enum(STAGE_STATUSES);

export const FileStatus = z
  .object({
    file_id: z.string(),
    original_filename: z.string(),
    doc_id: DocId.nullable(),
    receipt_id: Uuid.nullable(),
    status: z.enum(['accepted', 'rejected', 'quarantined', 'missing']),
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

export const BATCH_STATES = ['receiving', 'processing', 'held', 'completed', 'cancelled'] as const;

export const BatchSummary = z.object({
  total_files: z.number().int(),
  completed: z.number().int(),
  processing: z.number().int(),
  queued: z.number().int(),
  held: z.number().int(),
  failed: z.number().int(),
});

export const AcceptanceReport = z
  .object({
    report_id: Uuid,
    generated_at: Timestamp,
    final: z.boolean(),
    batch_id: BatchId,
    tenant_id: TenantId,
    summary: z.object({
      files_submitted: z.number().int(),
      files_accepted: z.number().int(),
      files_rejected: z.number().int(),
      files_quarantined: z.number().int(),
      files_duplicate: z.number().int(),
      files_held: z.number().int(),
      files_parsed_successfully: z.number().int(),
      files_parsed_with_warnings: z.number().int(),
      files_parse_failed: z.number().int(),
      total_chunks_produced: z.number().int(),
      total_chunks_indexed: z.number().int(),
      total_chunks_quarantined: z.number().int(),
      classifications: z.record(z.string(), z.number().int()),
    }),
    files: z.array(
      z.object({
        file_id: z.string(),
        original_filename: z.string(),
        doc_id: DocId.nullable(),
        status: z.string(),
        duplicate_of: Uuid.nullable(),
        intake: z.object({
          reason: z.string().nullable(),
          message: z.string().nullable(),
          scan_result: z.string().nullable(),
        }),
        parsing: z
          .object({
            coverage: z.number().nullable(),
            pages: z.number().int().nullable(),
            chunks: z.number().int().nullable(),
            ocr_pages: z.number().int().nullable(),
            dropped_content: z.array(z.unknown()),
            warnings: z.array(z.string()),
          })
          .nullable(),
        policy: z
          .object({
            injection_max_score: z.number().nullable(),
            chunks_quarantined: z.number().int().nullable(),
            pii_types: z.array(z.string()),
            classification: z.string().nullable(),
            classification_confidence: z.number().nullable(),
          })
          .nullable(),
        indexing: z
          .object({ chunks_indexed: z.number().int().nullable(), indexed_at: Timestamp.nullable() })
          .nullable(),
        problems: z.array(z.object({ code: z.string(), message: z.string(), remediation: z.string() })),
      }),
    ),
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
  status: z.enum(['pending_review', 'resolved', 'abandoned']).optional(),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

/** `retry` runs the document again from the stage that gave up; `skip` leaves it as it is; `manual_fix` notes a mend. */
export const DeadLetterDecision = z
  .strictObject({ action: z.enum(['retry', 'skip', 'manual_fix']) })
  .openapi('DeadLetterDecision');
