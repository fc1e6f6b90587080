import { z } from '../zod.ts';
import { ChunkId, DocId, Sha256 } from './common.ts';
import { boxes } from './query.ts';

/** A page of a document as it looks, with where everything stands on it (spec 4). */

const page = z.coerce.number().int().min(1).max(1_000_000).default(1);

export const PreviewQuery = z.strictObject({ page });
export const PictureQuery = z.strictObject({ page, width: z.coerce.number().int().min(64).max(2048).default(1200) });

export const PreviewAnswer = z
  .object({
    doc_id: DocId,
    canonical_sha256: Sha256,
    page: z.number().int(),
    page_count: z.number().int(),
    /** In PDF points; 0 in formats without pages, which have no boxes either. */
    width: z.number(),
    height: z.number(),
    /** The text was recognised from a picture, with this mean certainty. */
    ocr: z.boolean(),
    confidence: z.number().nullable(),
    /** Whether the page can be drawn. */
    has_picture: z.boolean(),
    chunks: z.array(
      z.object({
        chunk_id: ChunkId,
        element_type: z.string(),
        /** As the gates left it; null where they keep it apart. */
        text: z.string().nullable(),
        boxes,
        /** `served`, or kept apart by a gate; `covered` where it is painted over in the picture. */
        standing: z.enum(['served', 'quarantined']),
        covered: z.boolean(),
      }),
    ),
    figures: z.array(z.object({ figure_id: z.string(), boxes })),
    /** Text that a reader of the page would not see: where and how much, never what. */
    hidden_text: z.array(z.object({ kind: z.string(), characters: z.number().int(), boxes })),
    dropped: z.array(z.object({ element_type: z.string(), reason: z.string(), remediation: z.string() })),
  })
  .openapi('Preview');
export type PreviewAnswer = z.infer<typeof PreviewAnswer>;
