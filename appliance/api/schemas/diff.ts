import { z } from '../zod.ts';
import { ChunkId, DocId, Sha256, Timestamp } from './common.ts';
import { boxes } from './query.ts';

/** Two versions of a document side by side (spec 2 B, 4): an earlier parse of the same file, or another revision of it. */

export const DiffQuery = z
  .strictObject({
    page: z.coerce.number().int().min(1).max(1_000_000).default(1),
    /** The run whose version is the earlier one; without it, the one that was served before. */
    run: z.coerce.number().int().min(1).max(1_000_000_000).optional(),
    /** Another document, whose version that is served is the earlier one: a revision of the file before this one. */
    against: DocId.optional(),
  })
  .refine(({ run, against }) => run === undefined || against === undefined, {
    error: 'is for an earlier parse, against for another document: one of both',
    path: ['run'],
  });

const counts = {
  stayed: z.number().int(),
  moved: z.number().int(),
  changed: z.number().int(),
  came: z.number().int(),
  went: z.number().int(),
};

const Version = z.object({
  doc_id: DocId,
  run: z.number().int(),
  published_at: Timestamp,
  canonical_sha256: Sha256,
  stage1_parser_version: z.string().nullable(),
  stage2_parser_version: z.string().nullable(),
  policy_version: z.string().nullable(),
  config_version: z.number().int(),
});

const Side = z.object({
  chunk_id: ChunkId,
  page: z.number().int(),
  element_type: z.string(),
  characters: z.number().int(),
  boxes,
  /** As the gates of its time left it. */
  standing: z.enum(['served', 'quarantined']),
  redacted: z.boolean(),
  /** What is served now. Null of an earlier parse's words that are not, and of what the gates keep apart. */
  text: z.string().nullable(),
});

export const DiffAnswer = z
  .object({
    doc_id: DocId,
    /** The version that is served. */
    later: Version,
    /** Null where there is nothing to compare: the document was read once. */
    earlier: Version.nullable(),
    /** Versions that were served before, the latest first. */
    versions: z.array(Version),
    summary: z.object({ ...counts, gates: z.number().int() }),
    pages: z.array(z.object({ page: z.number().int(), ...counts })),
    /** The page that `changes` are of, and how large it is in PDF points; 0 in formats without pages. */
    page: z.number().int(),
    width: z.number(),
    height: z.number(),
    has_picture: z.boolean(),
    changes: z.array(
      z.object({
        kind: z.enum(['stayed', 'moved', 'changed', 'came', 'went']),
        /** The gates judged it otherwise than before. */
        gates: z.boolean(),
        before: Side.nullable(),
        after: Side.nullable(),
        /** Of a changed text: which of its words are new, as [start, end) in it, and how many are gone. */
        added: z.array(z.tuple([z.number().int(), z.number().int()])),
        gone: z.number().int(),
      }),
    ),
  })
  .openapi('Diff');
export type DiffAnswer = z.infer<typeof DiffAnswer>;
