import { z } from 'zod';
import { Box } from '../../document.ts';
import { ReadLimitsSchema } from './read-limits.ts';

/**
 * What parent and child say to each other. One request and one answer, then the child ends:
 * - standard input: the request, one line of JSON;
 * - descriptor 3: the document's bytes, exactly as many as the request says (a pipe: the child never holds a file);
 * - standard output: the answer, JSON;
 * - standard error: noise, bounded, never shown.
 */

export const DOCUMENT_FD = 3;
/** Mostly the boxes of what is to be covered. */
export const MAX_REQUEST_BYTES = 1024 * 1024;
/** A document of 500 MB is mostly pictures; its canonical text with boxes stays far below this. */
export const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
/** Enough for V8's last words. */
export const MAX_NOISE_BYTES = 64 * 1024;

/** Pixels of a picture in each direction, at most. */
export const MAX_PICTURE_SIDE = 4096;

/** A page to be drawn, and what must not be seen on it. */
export const PictureOrder = z
  .object({
    page: z.number().int().min(1).max(1_000_000),
    width: z.number().int().min(16).max(MAX_PICTURE_SIDE),
    cover: z.array(Box).max(5000),
    /** All that may be seen of it at all; null: what is not covered. */
    show: z.array(Box).max(5000).nullable(),
  })
  .strict();
export type PictureOrder = z.infer<typeof PictureOrder>;

export const ParseRequest = z
  .object({
    media_type: z.string(),
    size: z.number().int().nonnegative(),
    tenant_id: z.string(),
    doc_id: z.string(),
    raw_sha256: z.string(),
    chunk_limits: z.object({ soft: z.number().int(), hard: z.number().int() }).strict(),
    limits: ReadLimitsSchema,
    /** Not to read it, but to draw this page of it. */
    picture: PictureOrder.optional(),
  })
  .strict();
export type ParseRequest = z.infer<typeof ParseRequest>;

/** What a child may say went wrong. Other codes are not a parser's to give. */
export const CHILD_CODES = [
  'FILE_CORRUPTED',
  'FILE_ENCRYPTED',
  'UNSUPPORTED_FORMAT',
  'OCR_FAILED',
  'PARSER_MEMORY',
  'PARSER_ERROR',
] as const;
export type ChildCode = (typeof CHILD_CODES)[number];

const milliseconds = z.number().nonnegative().max(86_400_000);

/** What went wrong. */
const Failure = z
  .object({
    ok: z.literal(false),
    code: z.enum(CHILD_CODES),
    /** One line of printable characters, so that nothing can be smuggled into a terminal or a log. */
    message: z
      .string()
      .min(1)
      .max(300)
      .regex(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u),
    kind: z.enum(['caller', 'later', 'never', 'fault']),
    stack_trace_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  })
  .strict();
export type Failure = z.infer<typeof Failure>;

/** The outer shape of an answer; `check-answer.ts` looks at the document inside. */
export const Answer = z.discriminatedUnion('ok', [
  z
    .object({
      ok: z.literal(true),
      document: z.unknown(),
      pageTexts: z.array(z.string()),
      hiddenTexts: z.array(z.string()),
      stage1_ms: milliseconds,
      stage2_ms: milliseconds,
    })
    .strict(),
  Failure,
]);
export type Answer = z.infer<typeof Answer>;

/** The answer of a child that was asked to draw: a PNG in base64. */
export const PictureAnswer = z.discriminatedUnion('ok', [
  z
    .object({
      ok: z.literal(true),
      png: z.string().max(MAX_ANSWER_BYTES),
      width: z.number().int(),
      height: z.number().int(),
    })
    .strict(),
  Failure,
]);
export type PictureAnswer = z.infer<typeof PictureAnswer>;
