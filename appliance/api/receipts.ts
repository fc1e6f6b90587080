import { BatchId, DocId, Sha256, TenantId, Timestamp, Uuid } from './schemas/common.ts';
import { z } from './zod.ts';

/** What intake answers (spec 2 A): a receipt per file and the batch receipt around them. */

export const ReceiptAnswer = z
  .object({
    receipt_id: Uuid,
    tenant_id: TenantId,
    batch_id: BatchId,
    file_id: z.string(),
    doc_id: DocId.nullable(),
    original_filename: z.string(),
    mime_type: z.string(),
    size_bytes: z.number().int(),
    sha256: Sha256,
    scan_result: z.enum(['clean', 'quarantined', 'skipped', 'unscannable']),
    received_at: Timestamp,
    storage_path: z.string().nullable(),
    status: z.enum(['accepted', 'rejected', 'quarantined']),
    duplicate_of: Uuid.nullable(),
    submitted_by: z.string(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    remediation: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('Receipt');
export type ReceiptAnswer = z.infer<typeof ReceiptAnswer>;

export const RefusedFile = z
  .object({
    file_id: z.string(),
    original_filename: z.string(),
    reason: z.string(),
    message: z.string(),
    remediation: z.string(),
    details: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('RefusedFile');
export type RefusedFile = z.infer<typeof RefusedFile>;

export const BatchReceipt = z
  .object({
    batch_id: BatchId,
    tenant_id: TenantId,
    /**
     * `incomplete`: the upload broke off; the same batch sent again goes on from here. `cancelled`: it does not; send what
     * is wanted under a new batch_id.
     */
    status: z.enum(['received', 'incomplete', 'cancelled']),
    received_at: Timestamp,
    counts: z.object({
      files: z.number().int(),
      accepted: z.number().int(),
      rejected: z.number().int(),
      quarantined: z.number().int(),
      duplicates: z.number().int(),
      missing: z.number().int(),
    }),
    receipts: z.array(ReceiptAnswer),
    rejected_files: z.array(RefusedFile),
    quarantined_files: z.array(RefusedFile),
  })
  .openapi('BatchReceipt');
export type BatchReceipt = z.infer<typeof BatchReceipt>;
