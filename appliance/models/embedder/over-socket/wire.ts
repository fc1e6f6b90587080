import { z } from 'zod';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { PRINTABLE_LINE, toldFailure } from '../../../kernel/told-failure.ts';

/**
 * What those who embed and the embedder's process say to each other: one question a connection, over a unix socket or
 * within a tenant's network. The asking end sends a line of JSON (`Ask`). For `status` it gets a line. For `embed` it
 * gets `ready` once it is its turn, sends as many bytes as it named (a JSON array of texts), and gets vectors as they
 * come: a line with their places, then their numbers, float32, little-endian. A line `wait` says that work goes on.
 * `done` is the last. Whoever closes earlier has gone.
 */

export const MOST_LINE_BYTES = 64 * 1024;
/** Of the texts of one question, as JSON. */
export const MOST_TEXT_BYTES = 16 * 1024 * 1024;
export const MOST_TEXTS = 256;
/** How often something is said at least while somebody waits. */
export const WAIT_MS = 5000;

/** Of what is told to people, in characters. */
const MOST_WORDS = 1000;
const MOST_SECONDS = 86_400;

export const Ask = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('status') }),
  z.strictObject({
    ask: z.literal('embed'),
    as: z.enum(['document', 'query']),
    /** Whose turn it is, among those who wait: the same word for all questions of one tenant. It says nothing else. */
    by: z.string().min(1).max(100),
    count: z.number().int().min(1).max(MOST_TEXTS),
    length: z.number().int().min(2).max(MOST_TEXT_BYTES),
  }),
]);
export type Ask = z.infer<typeof Ask>;

export const Texts = z.array(z.string()).max(MOST_TEXTS);

/** How the embedder is. */
export const Status = z.strictObject({
  model: z.string(),
  version: z.string(),
  loaded: z.boolean(),
  /** For how long the batch of now has been at work; 0 where there is none. */
  batch_ms: z.number().nonnegative(),
  waiting: z.number().int().nonnegative(),
  /** What keeps it from embedding, as it found when it was last asked for vectors. */
  trouble: z.string().min(1).max(MOST_WORDS).regex(PRINTABLE_LINE).optional(),
});
export type Status = z.infer<typeof Status>;

/** What an embedder may say went wrong. Other codes are not its to give. */
const FAILURES = ['EMBEDDER_UNAVAILABLE', 'DIMENSION_MISMATCH'] as const;
const OTHERWISE = { code: 'EMBEDDER_UNAVAILABLE', message: 'The embedder failed.' } as const;

const words = z.string().min(1).max(MOST_WORDS).regex(PRINTABLE_LINE);

export const Said = z.discriminatedUnion('say', [
  z.strictObject({ say: z.literal('status'), status: Status }),
  z.strictObject({ say: z.literal('ready'), model: z.string(), version: z.string() }),
  z.strictObject({ say: z.literal('wait') }),
  z.strictObject({
    say: z.literal('vectors'),
    places: z
      .array(
        z
          .number()
          .int()
          .min(0)
          .max(MOST_TEXTS - 1),
      )
      .min(1)
      .max(MOST_TEXTS),
  }),
  z.strictObject({ say: z.literal('done') }),
  z.strictObject({
    say: z.literal('failed'),
    code: z.enum(FAILURES),
    message: words,
    /** Seconds after which it makes sense to ask again, where the embedder knows. */
    retry_after: z.number().int().positive().max(MOST_SECONDS).optional(),
  }),
]);
export type Said = z.infer<typeof Said>;

export function line(message: Ask | Said): string {
  return `${JSON.stringify(message)}\n`;
}

/** What went wrong, in words for people, as `trouble` of a status tells it. */
export function troubleOf(error: unknown): string {
  return toldFailure(error, FAILURES, OTHERWISE, MOST_WORDS).message;
}

/** The error as it is told; one that is not an embedder's to give is told without its words. */
export function failed(error: unknown): Said {
  const after = error instanceof FrostbyteError ? error.retryAfter : undefined;
  return {
    say: 'failed',
    ...toldFailure(error, FAILURES, OTHERWISE, MOST_WORDS),
    ...(after !== undefined && { retry_after: Math.min(MOST_SECONDS, Math.max(1, Math.ceil(after))) }),
  };
}
