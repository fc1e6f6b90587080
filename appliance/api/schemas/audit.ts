import { RESOURCE_TYPES } from '../../kernel/audit-event.ts';
import { z } from '../zod.ts';
import { DateFilter, isRange, LogId, pageOf, Sha256, Timestamp, Uuid } from './common.ts';

/** Bodies of the audit routes (spec 4, 5). */

export const AuditEventAnswer = z
  .object({
    event_id: Uuid,
    tenant_id: LogId,
    event_type: z.string(),
    timestamp: Timestamp,
    actor: z.string(),
    resource_type: z.string(),
    resource_id: z.string(),
    details: z.record(z.string(), z.unknown()),
    previous_event_id: Uuid.nullable(),
    log_index: z.number().int(),
    references: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  })
  .openapi('AuditEvent');

export const AuditQuery = z
  .strictObject({
    event_type: z.string().max(64).optional(),
    resource_type: z.enum(RESOURCE_TYPES).optional(),
    resource_id: z.string().max(300).optional(),
    start_date: DateFilter.optional(),
    end_date: DateFilter.optional(),
    actor: z.string().max(128).optional(),
    status: z.enum(['success', 'failure', 'quarantined']).optional(),
    sort: z.enum(['asc', 'desc']).default('desc'),
    cursor: z.string().max(200).optional(),
    ...pageOf(50, 500),
  })
  .refine(({ start_date, end_date }) => isRange(start_date, end_date), {
    error: 'must not be before start_date',
    path: ['end_date'],
  });

export const AuditEventDetail = AuditEventAnswer.extend({
  next_event_id: Uuid.nullable(),
  lineage_position: z.number().int(),
  lineage_length: z.number().int(),
}).openapi('AuditEventDetail');

export const ExportBody = z
  .strictObject({
    from: DateFilter.optional(),
    to: DateFilter.optional(),
    format: z.enum(['jsonl', 'csv']).default('jsonl'),
    event_types: z.array(z.string().max(64)).max(100).optional(),
    include_details: z.boolean().default(true),
  })
  .refine(({ from, to }) => isRange(from, to), {
    error: 'must not be before from',
    path: ['to'],
  })
  .openapi('AuditExportRequest');

export const ExportAnswer = z
  .object({
    export_id: Uuid,
    tenant_id: LogId,
    status: z.enum(['pending', 'ready', 'expired', 'failed']),
    format: z.enum(['jsonl', 'csv']),
    from: Timestamp.nullable(),
    to: Timestamp.nullable(),
    event_count: z.number().int().nullable(),
    file_sha256: Sha256.nullable(),
    exported_at: Timestamp.nullable(),
    expires_at: Timestamp.nullable(),
    download: z.string().nullable(),
  })
  .openapi('AuditExport');

export const LedgerQuery = z.strictObject({
  /** The place (`seq`) of the last entry seen. */
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  ...pageOf(50, 500),
});

export const LedgerAnswer = z
  .object({
    seq: z.number().int(),
    kind: z.string(),
    tenant_id: LogId,
    resource_id: z.string(),
    at: Timestamp,
    details: z.record(z.string(), z.unknown()),
    event_id: Uuid,
    previous_hash: Sha256,
    hash: Sha256,
  })
  .openapi('LedgerEntry');

export const ChainQuery = z.strictObject({ resource_type: z.enum(RESOURCE_TYPES).default('document') });

export const ChainAnswer = z
  .object({
    resource_type: z.string(),
    resource_id: z.string(),
    events: z.array(AuditEventAnswer),
    retrievals: z.array(AuditEventAnswer),
    hash_chain_verification: z.object({
      /** Null where there are no hashes to chain: only documents have them. */
      valid: z.boolean().nullable(),
      /** All seven links of a finished document are there, from the raw file to the index (spec 5). */
      complete: z.boolean(),
      links: z.number().int(),
      breaks: z.array(
        z.object({
          event_id: z.string(),
          expected: z.string().nullable(),
          found: z.string().nullable(),
          message: z.string(),
        }),
      ),
    }),
  })
  .openapi('ProvenanceChain');
