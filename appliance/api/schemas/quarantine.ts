import { QUARANTINE_REASONS } from '../../kernel/pipeline.ts';
import { z } from '../zod.ts';
import { BatchId, ChunkId, DocId, pageOf, Reason, Sha256, Timestamp } from './common.ts';
import { boxes } from './query.ts';

/** The quarantine (spec 2 C): what is in it and why, without a word of its text, and what is decided about it. */

export const QuarantineListQuery = z.strictObject({
  reason: z.enum(QUARANTINE_REASONS).optional(),
  /** `document`: all of it is in quarantine; `chunks`: it is indexed without some of its chunks. */
  scope: z.enum(['document', 'chunks']).optional(),
  status: z.enum(['open', 'rejected']).optional(),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

const item = {
  doc_id: DocId,
  original_filename: z.string(),
  mime_type: z.string(),
  size_bytes: z.number().int(),
  reason: z.enum(QUARANTINE_REASONS),
  scope: z.enum(['document', 'chunks']),
  /** `rejected`: refused for good. */
  status: z.enum(['open', 'rejected']),
  state: z.string(),
  received_at: Timestamp,
  batch_id: BatchId,
  chunks_quarantined: z.number().int(),
  chunks_rejected: z.number().int(),
  injection_max_score: z.number().nullable(),
  pii_types: z.array(z.string()),
  /** Whether an administrator could release something of it now. */
  releasable: z.boolean(),
};

export const QuarantineItem = z.object(item).openapi('QuarantineItem');
export type QuarantineItem = z.infer<typeof QuarantineItem>;

export const QuarantineDocument = z
  .object({
    ...item,
    message: z.string(),
    remediation: z.string(),
    /** Of malware: the name that the scanner gave it. */
    signature: z.string().nullable(),
    chunks: z.array(
      z.object({
        chunk_id: ChunkId,
        page: z.number().int(),
        element_type: z.string(),
        boxes: boxes.nullable(),
        path: z.record(z.string(), z.unknown()).nullable(),
        held_by: z.array(z.enum(['pii', 'injection'])),
        pii_types: z.array(z.string()),
        injection_score: z.number(),
        injection_patterns: z.array(z.string()),
        rejected: z.boolean(),
      }),
    ),
    chunk_total: z.number().int(),
    /** Text that a reader of the page would not see. */
    hidden_text: z.array(
      z.object({ kind: z.string(), page: z.number().int(), boxes, characters: z.number().int(), sha256: Sha256 }),
    ),
    /** An earlier release of something of it. */
    release: z
      .object({
        scope: z.enum(['document', 'chunks']),
        chunk_ids: z.array(ChunkId),
        pii_action: z.enum(['redact', 'flag']).nullable(),
        released_by: z.string(),
        released_at: Timestamp,
      })
      .nullable(),
    rejection: z
      .object({
        scope: z.enum(['document', 'chunks']),
        chunk_ids: z.array(ChunkId),
        rejected_by: z.string(),
        rejected_at: Timestamp,
      })
      .nullable(),
  })
  .openapi('QuarantineDocument');
export type QuarantineDocument = z.infer<typeof QuarantineDocument>;

/** Without them the document, or all its chunks in quarantine. */
const chunk_ids = z
  .array(ChunkId)
  .min(1)
  .max(1000)
  .refine((ids) => new Set(ids).size === ids.length, 'must not repeat a chunk')
  .optional();

export const ReleaseBody = z
  .strictObject({
    reason: Reason,
    chunk_ids,
    /** What a block for personal data becomes; redacted unless it says otherwise. */
    pii_action: z.enum(['redact', 'flag']).optional(),
  })
  .openapi('Release');
export type ReleaseBody = z.infer<typeof ReleaseBody>;

export const RejectBody = z.strictObject({ reason: Reason, chunk_ids }).openapi('Reject');
export type RejectBody = z.infer<typeof RejectBody>;

export const ReleaseAnswer = z
  .object({
    doc_id: DocId,
    released: z.enum(['document', 'chunks']),
    chunk_ids: z.array(ChunkId),
    pii_action: z.enum(['redact', 'flag']).nullable(),
    released_by: z.string(),
    released_at: Timestamp,
    state: z.string(),
  })
  .openapi('ReleaseAnswer');

export const RejectAnswer = z
  .object({
    doc_id: DocId,
    rejected: z.enum(['document', 'chunks']),
    chunk_ids: z.array(ChunkId),
    rejected_by: z.string(),
    rejected_at: Timestamp,
    state: z.string(),
  })
  .openapi('RejectAnswer');

export const OriginalsQuery = z
  .strictObject({
    /** `pii`: what redaction took out; else the file itself: canonical document, text of a page, raw bytes. */
    what: z.enum(['pii', 'canonical', 'page', 'raw']).default('pii'),
    /** Which page, for `page`. */
    page: z.coerce.number().int().min(1).max(1_000_000).optional(),
    /** Only this chunk, for `pii`. */
    chunk_id: ChunkId.optional(),
    /** The last chunk seen, for `pii`. */
    cursor: ChunkId.optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(200),
  })
  .superRefine(({ what, page, chunk_id, cursor }, context) => {
    const complain = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (what === 'page' && page === undefined) complain('page', 'required with what=page');
    if (what !== 'page' && page !== undefined) complain('page', 'only with what=page');
    if (what !== 'pii' && chunk_id !== undefined) complain('chunk_id', 'only with what=pii');
    if (what !== 'pii' && cursor !== undefined) complain('cursor', 'only with what=pii');
  });
export type OriginalsQuery = z.infer<typeof OriginalsQuery>;

export const OriginalsAnswer = z
  .object({
    doc_id: DocId,
    canonical_sha256: Sha256.nullable(),
    enriched_sha256: Sha256.nullable(),
    chunks: z.array(
      z.object({
        chunk_id: ChunkId,
        spans: z.array(
          z.object({
            field: z.enum(['text', 'section_title', 'table_header', 'sheet']),
            /** Of a table header: which of its cells. */
            column: z.number().int().nullable(),
            type: z.string(),
            /** In the original, before redaction. */
            start: z.number().int(),
            end: z.number().int(),
            text: z.string(),
          }),
        ),
      }),
    ),
    cursor: ChunkId.nullable(),
  })
  .openapi('Originals');
export type OriginalsAnswer = z.infer<typeof OriginalsAnswer>;
