import { z } from '../zod.ts';
import { BatchId, ChunkId, DocId, pageOf, Timestamp } from './common.ts';
import { boxes, CLASSES } from './query.ts';

/** The review queue: documents whose class a person has to decide (spec 2 C). */

const ReviewClass = z.enum(CLASSES);

export const ReviewListQuery = z.strictObject({
  batch_id: BatchId.optional(),
  /** By arrival: newest first (`desc`), or oldest first. */
  sort: z.enum(['asc', 'desc']).default('desc'),
  cursor: z.string().max(200).optional(),
  ...pageOf(50, 500),
});

const item = {
  doc_id: DocId,
  original_filename: z.string(),
  mime_type: z.string(),
  /** What the classifier proposes. */
  classification: ReviewClass,
  classification_confidence: z.number(),
  received_at: Timestamp,
  batch_id: BatchId,
  page_count: z.number().int().nullable(),
  chunk_count: z.number().int().nullable(),
};

export const ReviewItem = z.object(item).openapi('ReviewItem');
export type ReviewItem = z.infer<typeof ReviewItem>;

export const ReviewDocument = z
  .object({
    ...item,
    decided_by: z.enum(['rules', 'model']).nullable(),
    alternatives: z.array(z.object({ classification: ReviewClass, confidence: z.number() })),
    findings: z.object({
      coverage: z.number().nullable(),
      warnings: z.array(z.string()),
      pii_types: z.array(z.string()),
      pii_action_taken: z.string().nullable(),
      injection_max_score: z.number().nullable(),
      chunks_flagged: z.number().int().nullable(),
      chunks_quarantined: z.number().int().nullable(),
    }),
    /** A page of the text as it would be served; chunks in quarantine are there without their text. */
    chunks: z.array(
      z.object({
        chunk_id: ChunkId,
        text: z.string().nullable(),
        withheld: z.boolean(),
        page: z.number().int(),
        element_type: z.string(),
        section_title: z.string().nullable(),
        boxes: boxes.nullable(),
        /** What the gates found in it, so that one that is withheld can be judged too. */
        pii_types: z.array(z.string()),
        injection_score: z.number(),
        injection_patterns: z.array(z.string()),
      }),
    ),
    chunk_total: z.number().int(),
  })
  .openapi('ReviewDocument');
export type ReviewDocument = z.infer<typeof ReviewDocument>;

/** What a person adds in words; kept with the document, never in an event. */
const note = z.string().trim().min(1).max(1000).optional();

export const ReviewBody = z
  .discriminatedUnion('decision', [
    // With a class, only if that is still what is proposed: nobody approves what they did not see.
    z.strictObject({ decision: z.literal('approve'), classification: ReviewClass.optional(), note }),
    z.strictObject({ decision: z.literal('correct'), classification: ReviewClass, note }),
  ])
  .openapi('Review');
export type ReviewBody = z.infer<typeof ReviewBody>;

export const ReviewAnswer = z
  .object({
    doc_id: DocId,
    decision: z.enum(['approve', 'correct']),
    classification: ReviewClass,
    proposed: ReviewClass,
    note: z.string().nullable(),
    decided_by: z.string(),
    decided_at: Timestamp,
    state: z.string(),
  })
  .openapi('ReviewAnswer');

export const ReviewBatchBody = z
  .strictObject({ decision: z.literal('approve'), batch_id: BatchId, note })
  .openapi('ReviewBatch');

export const ReviewBatchAnswer = z
  .object({
    batch_id: BatchId,
    approved: z.number().int(),
    /** Held documents of the batch that are left: ask again. */
    remaining: z.number().int(),
  })
  .openapi('ReviewBatchAnswer');
