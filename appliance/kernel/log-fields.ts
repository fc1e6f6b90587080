import { BATCH_ID, CHUNK_ID, DOC_ID } from './ids.ts';
import type { StageName } from './pipeline.ts';

/**
 * What a log line may carry beside its message (spec 6): ids, hashes, counts and codes. Each field has a type that plain
 * text does not fit, so that document text, a file name or a query does not type-check, and a shape that the logger holds
 * every value against when the program runs, so that what a cast or an `any` brings shows as `[redacted]`.
 */
export interface LogFields {
  tenant_id?: Shaped<'tenant_id'>;
  request_id?: Shaped<'request_id'>;
  batch_id?: Shaped<'batch_id'>;
  doc_id?: Shaped<'doc_id'>;
  chunk_id?: Shaped<'chunk_id'>;
  job_id?: Shaped<'job_id'>;
  event_id?: Shaped<'event_id'>;
  stage?: StageName;
  /** An error code of `kernel/errors.ts`, or an errno name such as `ENOSPC`. */
  code?: Code;
  /** Hash of a stack trace, so that two occurrences can be told apart without showing either. */
  stack_trace_hash?: Shaped<'stack_trace_hash'>;
  /** Where in the code: file and line of the nearest frames, no message (`codeFrames`). */
  frames?: Shaped<'frames'>;
  method?: Uppercase<string>;
  /** A route pattern, never a concrete path. */
  route?: Endpoint;
  status?: number;
  pid?: number;
  port?: number;
  count?: number;
  bytes?: number;
  attempt?: number;
  duration_ms?: number;
  version?: `${number}.${number}.${number}`;
  signal?: NodeJS.Signals;
  mode?: 'embedded' | 'stack';
}

/** In capitals as it stands in the source: text of which nothing is known is no code (`asCode`). */
export type Code = Uppercase<string>;
/** A route pattern of the table of routes; `unknown` for what is in none. */
export type Endpoint = `/${string}` | 'unknown';

declare const shape: unique symbol;
/** Text that was held against the shape of its field (`shaped`, `codeFrames`). */
export type Shaped<F extends string> = string & { readonly [shape]: F };

/** Fields of text that is made while the program runs, and cannot be told from content by its type alone. */
type ShapedField = {
  [F in keyof LogFields]-?: LogFields[F] extends Shaped<F> | undefined ? F : never;
}[keyof LogFields];
type TextField = { [F in keyof LogFields]-?: LogFields[F] extends number | undefined ? never : F }[keyof LogFields];
type NumberField = Exclude<keyof LogFields, TextField>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const SHAPES: Readonly<Record<TextField, RegExp>> = Object.freeze({
  // Tenants, and the appliance's own log.
  tenant_id: /^(?:[a-z][a-z0-9]{2,31}|_[a-z]{2,30})$/,
  request_id: UUID,
  batch_id: BATCH_ID,
  doc_id: DOC_ID,
  chunk_id: CHUNK_ID,
  job_id: /^doc_[0-9a-f]{16}\.\d{1,9}\.(?:parse|policy|embed|index)$/,
  event_id: UUID,
  stage: /^(?:intake|parse|policy|embed|index)$/,
  code: /^[A-Z][A-Z0-9_]{1,60}$/,
  stack_trace_hash: /^[0-9a-f]{16,64}$/,
  frames: /^(?:(?:appliance|dist)\/[\w./-]{1,80}:\d{1,7}(?: < (?=[ad])|$)){0,6}$/,
  method: /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/,
  route: /^(?:unknown|(?:\/(?:[a-z0-9._-]{1,40}|\{[a-z_]{1,40}\})){1,12})$/,
  version: /^\d{1,5}\.\d{1,5}\.\d{1,5}$/,
  signal: /^SIG[A-Z0-9]{2,10}$/,
  mode: /^(?:embedded|stack)$/,
});
const NUMBERS: ReadonlySet<string> = new Set<NumberField>([
  'status',
  'pid',
  'port',
  'count',
  'bytes',
  'attempt',
  'duration_ms',
]);

/** What stands in a log line for a value that does not have the shape of its field. */
export const REDACTED = '[redacted]';

/** Ids and hashes for a log line: `{ ...shaped({ tenant_id, doc_id }), code }`. What does not fit comes out redacted. */
export function shaped<F extends ShapedField>(values: Readonly<Record<F, string>>): { [K in F]: Shaped<K> } {
  return fittingFields(values) as { [K in F]: Shaped<K> };
}

/** A code that was kept as text; `INTERNAL_ERROR` for what is none. */
export function asCode(text: string): Code {
  return SHAPES.code.test(text) ? (text as Code) : 'INTERNAL_ERROR';
}

/** The known fields that have a value, each as it is or redacted. */
export function fittingFields(values: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    if (value === undefined) continue;
    if (NUMBERS.has(name)) fields[name] = Number.isFinite(value) ? value : REDACTED;
    else if (Object.hasOwn(SHAPES, name))
      fields[name] = typeof value === 'string' && SHAPES[name as TextField].test(value) ? value : REDACTED;
  }
  return fields;
}
