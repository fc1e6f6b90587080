import type { z } from 'zod';

/**
 * Verbs that one process asks of another: `POST /name`, the arguments as one JSON array, over a socket that only the two
 * can open. A table names each verb once; `serve-verbs.ts` and `call-verbs.ts` are its two ends.
 */
export interface Verb {
  /** A tuple: every argument is held against it before the verb is asked. */
  args: z.ZodType<readonly unknown[]>;
  /**
   * `value`: plain data, whole. `items`: one after another, as many as there are, never all in memory. `bytes`: a stream
   * of a known length.
   */
  answer: 'value' | 'items' | 'bytes';
  /** The longest that the answer may take to come: a value as a whole, of others the next part. */
  seconds: number;
  /** What a value, or each item, must look like, where whoever asks does not trust who answers; anything else is none. */
  gives?: z.ZodType;
}

export type VerbTable = Readonly<Record<string, Verb>>;

/** What a verb of `bytes` answers. */
export interface Bytes {
  length: number;
  stream: AsyncIterable<Uint8Array>;
}

/** Arguments of one call, as JSON. The largest are a configuration with fifty custom fields, and events to be noted. */
export const MOST_REQUEST_BYTES = 1024 * 1024;
/** An answer of `value`: a page of events or tenants. */
export const MOST_VALUE_BYTES = 32 * 1024 * 1024;
/** One of `items`. */
export const MOST_ITEM_BYTES = 4 * 1024 * 1024;

/** One line of an answer of `items`; the last says that it is the last, so that a broken connection is no end. */
export type ItemLine = { item: unknown } | { end: true } | { error: unknown };
