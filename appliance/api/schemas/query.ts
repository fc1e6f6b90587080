import { DOCUMENT_STATES } from '../../kernel/pipeline.ts';
import { z } from '../zod.ts';
import {
  BatchId,
  ChunkId,
  DateFilter,
  DocId,
  isRange,
  pageOf,
  Reason,
  Sha256,
  TenantId,
  Timestamp,
  Uuid,
} from './common.ts';
import { MetadataFilter } from './metadata-filter.ts';

/** Search and its retrieval proof, documents and chunks (spec 2 E, spec 4). */

export const CLASSES = ['contract', 'invoice', 'SOP', 'policy', 'correspondence', 'legal_filing', 'other'] as const;

export const SearchBody = z
  .strictObject({
    query_text: z.string().trim().min(1).max(10_000),
    top_k: z.number().int().min(1).max(200).optional(),
    filters: z
      .strictObject({
        classification: z
          .union([z.enum(CLASSES), z.array(z.enum(CLASSES)).min(1).max(CLASSES.length)], {
            error: `must be one of ${CLASSES.join(', ')}, or a list of them`,
          })
          .optional(),
        date_range: z
          .strictObject({ start: DateFilter.optional(), end: DateFilter.optional() })
          .refine(({ start, end }) => isRange(start, end), { error: 'must not be before start', path: ['end'] })
          .optional(),
        doc_ids: z.array(DocId).min(1).max(1000).optional(),
        metadata: MetadataFilter.optional(),
      })
      .optional(),
    include_generation: z.boolean().optional(),
    /** Adds to the proof how each chunk came to its place. */
    explain: z.boolean().optional(),
  })
  .openapi('Search');
export type SearchBody = z.infer<typeof SearchBody>;

export const boxes = z.array(z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }));

/**
 * How a chunk came to its place: its rank among the candidates of each side, from 1 (null: not among them), what each side
 * scored it, and the sum of weight / (rank_constant + rank) that orders the answer.
 */
export const ChunkExplanation = z
  .object({
    vector_rank: z.number().int().nullable(),
    cosine: z.number(),
    text_rank: z.number().int().nullable(),
    text_score: z.number().nullable(),
    fused_score: z.number(),
  })
  .openapi('ChunkExplanation');
export type ChunkExplanation = z.infer<typeof ChunkExplanation>;

/** How the ranks of full text and vectors were put together. */
export const SearchExplanation = z
  .object({
    text_weight: z.number(),
    vector_weight: z.number(),
    rank_constant: z.number(),
    candidates: z.number().int(),
  })
  .openapi('SearchExplanation');

export const ProofChunk = z
  .object({
    chunk_id: ChunkId,
    doc_id: DocId,
    original_filename: z.string(),
    text: z.string(),
    page: z.number().int(),
    start_char: z.number().int(),
    end_char: z.number().int(),
    element_type: z.string(),
    boxes: boxes.nullable(),
    path: z.record(z.string(), z.unknown()).nullable(),
    section_title: z.string().nullable(),
    similarity_score: z.number(),
    classification: z.string(),
    embed_model: z.string(),
    embed_version: z.string(),
    source_sha256: Sha256,
    canonical_sha256: Sha256,
    audit: z.object({ event_id: Uuid, log_index: z.number().int().nullable() }),
    explain: ChunkExplanation.optional(),
  })
  .openapi('ProofChunk');

export const RetrievalProof = z
  .object({
    query_id: Uuid,
    tenant_id: TenantId,
    timestamp: Timestamp,
    model_version_match: z.boolean(),
    evidence: z.enum(['strong', 'partial', 'none']),
    embed_model: z.string(),
    embed_version: z.string(),
    chunks: z.array(ProofChunk),
    explain: SearchExplanation.optional(),
  })
  .openapi('RetrievalProof');
export type RetrievalProof = z.infer<typeof RetrievalProof>;

export const Lineage = z
  .object({
    raw_sha256: Sha256,
    canonical_sha256: Sha256.nullable(),
    stage1_parser_version: z.string().nullable(),
    stage2_parser_version: z.string().nullable(),
    parser_versions: z.record(z.string(), z.union([z.string(), z.number()])),
    config_version: z.number().int(),
    policy_version: z.string().nullable(),
    /** By whose stems full text finds it, as `de`; null where it is cut as English is. */
    text_language: z.string().nullable(),
    embed_model: z.string().nullable(),
    embed_version: z.string().nullable(),
    index_event_id: Uuid.nullable(),
  })
  .openapi('Lineage');

const chunk = {
  chunk_id: ChunkId,
  doc_id: DocId,
  text: z.string(),
  page: z.number().int(),
  start_char: z.number().int(),
  end_char: z.number().int(),
  element_type: z.string(),
  boxes: boxes.nullable(),
  path: z.record(z.string(), z.unknown()).nullable(),
  metadata: z.record(z.string(), z.unknown()),
};

/** A person's decision on the class of a document; it holds for later runs too. */
export const DecidedClass = z.object({
  decision: z.enum(['approve', 'correct']),
  classification: z.string(),
  /** What the classifier had proposed. */
  proposed: z.string(),
  /** What that person added in words. */
  note: z.string().nullable(),
  decided_by: z.string(),
  decided_at: Timestamp,
});
export type DecidedClass = z.infer<typeof DecidedClass>;

export const DocumentAnswer = z
  .object({
    doc_id: DocId,
    tenant_id: TenantId,
    original_filename: z.string(),
    mime_type: z.string(),
    size_bytes: z.number().int(),
    state: z.enum(DOCUMENT_STATES),
    quarantine_reason: z.string().nullable(),
    classification: z.string().nullable(),
    classification_confidence: z.number().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    received_at: Timestamp,
    retention_until: Timestamp,
    parsed_at: Timestamp.nullable(),
    indexed_at: Timestamp.nullable(),
    page_count: z.number().int().nullable(),
    chunk_count: z.number().int().nullable(),
    review: DecidedClass.nullable(),
    chunks: z.array(z.object(chunk)),
    lineage: Lineage,
  })
  .openapi('Document');

export const ChunkAnswer = z
  .object({
    ...chunk,
    lineage: Lineage.extend({ vector_sha256: Sha256, embed_dimensions: z.number().int(), indexed_at: Timestamp }),
  })
  .openapi('Chunk');
export type ChunkAnswer = z.infer<typeof ChunkAnswer>;

export const DocumentListItem = DocumentAnswer.omit({ review: true, chunks: true, lineage: true }).openapi(
  'DocumentListItem',
);

export const DocumentListQuery = z.strictObject({
  state: z.enum(DOCUMENT_STATES).optional(),
  batch_id: BatchId.optional(),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

/** `confirm_doc_id` repeats the id of the path: an erasure cannot be taken back. */
export const EraseBody = z.strictObject({ reason: Reason, confirm_doc_id: z.string() }).openapi('EraseDocument');

const count = z.number().int();
export const DeletionReceipt = z
  .object({
    deletion_receipt_id: Uuid,
    tenant_id: TenantId,
    doc_id: DocId,
    raw_sha256: Sha256,
    receipt_id: Uuid,
    status: z.enum(['pending', 'completed']),
    cause: z.enum(['request', 'retention']),
    reason: z.string(),
    requested_by: z.string(),
    requested_at: Timestamp,
    retention_until: Timestamp.nullable(),
    erased_at: Timestamp.nullable(),
    removed: z.object({
      objects: count,
      object_bytes: count,
      vectors: count,
      chunks: count,
      dead_letters: count,
      jobs: count,
      receipts: count,
      manifests: count,
      reports: count,
    }),
    verified: z.object({
      objects: z.boolean(),
      vectors: z.boolean(),
      rows: z.boolean(),
      full_text: z.boolean(),
      dead_letters: z.boolean(),
      queue: z.boolean(),
      journals: z.boolean(),
    }),
  })
  .openapi('DeletionReceipt');
export type DeletionReceipt = z.infer<typeof DeletionReceipt>;

export const ErasureListQuery = z.strictObject({
  doc_id: DocId.optional(),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

export const ChunkPageQuery = z.strictObject({ ...pageOf(200, 1000) });
