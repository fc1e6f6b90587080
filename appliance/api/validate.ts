import type { z } from '@hono/zod-openapi';
import { type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';
import { halfCharacter, mayHoldHalves } from '../kernel/half-characters.ts';

/** How much of a wrong value an answer repeats. */
const SHOWN = 100;

/**
 * Checks a value against a schema. Throws `VALIDATION_ERROR` with every problem at once: field, value, constraint.
 * Values are shown only where they are short and scalar; a query text or a reason never is.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    `The ${what} is not as it should be: ${parsed.error.issues.length} problem(s), see details.`,
    {
      details: issuesToDetails(parsed.error.issues, value),
    },
  );
}

/** Fields whose values are never repeated, whatever they look like: they may hold content or name people. */
const PRIVATE = new Set([
  'query_text',
  'reason',
  'note',
  'contact_email',
  'tenant_name',
  'subject',
  'filename',
  'submitter',
  'metadata',
]);
/** What an id, a code, a date or an enumeration looks like; prose has blanks, and whole bodies have no path. */
const ID_LIKE = /^[\w.:+-]*$/;

/** zod's issues as the error envelope's details. */
export function issuesToDetails(issues: readonly z.core.$ZodIssue[], root: unknown): ErrorDetail[] {
  return issues.slice(0, 100).flatMap((issue): ErrorDetail[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys
        .slice(0, 20)
        .map((key) => ({ field: [...issue.path, key.slice(0, SHOWN)].join('.'), constraint: 'unknown field' }));
    }
    const field = issue.path.map(String).join('.') || '(body)';
    if (isMissing(issue, root)) return [{ field, constraint: 'is missing' }];
    const value = shownValue(root, issue.path);
    return [{ field, ...(value === undefined ? {} : { value }), constraint: issue.message }];
  });
}

/** Where nothing stands, what the schema says of its type is not what is wrong. Rules across fields keep their words. */
function isMissing({ code, path }: z.core.$ZodIssue, root: unknown): boolean {
  return code !== 'custom' && valueAt(root, path) === undefined;
}

/** The value that a path leads to, where an answer may repeat it; undefined where it may not, and where there is none. */
export function shownValue(root: unknown, path: readonly PropertyKey[]): unknown {
  const value = valueAt(root, path);
  const shown = path.length > 0 && isShowable(value) && !path.some((step) => PRIVATE.has(String(step)));
  return shown ? value : undefined;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = root;
  for (const key of path) {
    if (at === null || typeof at !== 'object') return undefined;
    at = Object.hasOwn(at, key) ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return at;
}

function isShowable(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && value.length <= SHOWN && ID_LIKE.test(value))
  );
}

/** JSON bodies are small: documents travel as multipart. */
const MAX_JSON_BYTES = 1024 * 1024;
/** Bytes beyond the limit that are still read. */
const DRAIN_BYTES = 8 * 1024 * 1024;
/** Nothing of ours nests deeper; what does would exhaust the stack of whoever walks it. */
const MAX_JSON_DEPTH = 64;

/** Reads a bounded JSON body. Throws `PAYLOAD_TOO_LARGE` or `VALIDATION_ERROR`, also when the body breaks off. */
export async function readJson(request: Request, maxBytes: number = MAX_JSON_BYTES): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      // A sender that is cut off while it sends never reads the answer: some of what is too much is read and forgotten.
      if (size > maxBytes + DRAIN_BYTES) break;
      if (size > maxBytes) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch (cause) {
    throw notJson('The body broke off.', 'whole', cause);
  }
  if (size > maxBytes) throw new FrostbyteError('PAYLOAD_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`);
  return parseJson(Buffer.concat(chunks));
}

/** JSON in UTF-8 of at most 64 levels, all of its texts valid Unicode. Throws `VALIDATION_ERROR`. O(bytes). */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notJson('The body is not JSON in UTF-8.', 'UTF-8', cause);
  }
  if (isDeeperThan(text, MAX_JSON_DEPTH))
    throw notJson('The body nests too deeply.', `at most ${MAX_JSON_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notJson('The body is not JSON in UTF-8.', 'JSON', cause);
  }
  const half = mayHoldHalves(text) ? halfCharacter(value) : null;
  if (half === null) return value;
  const field = half.join('.').slice(0, SHOWN) || '(body)';
  throw notJson('The body holds half a character (a lone surrogate).', 'valid Unicode', undefined, field);
}

function notJson(message: string, constraint: string, cause?: unknown, field = '(body)'): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', message, { cause, details: [{ field, constraint }] });
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Counts brackets outside strings. A loop, since a regular expression's own stack ends on a long string. */
function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (inString && unit === BACKSLASH) i += 1;
    else if (unit === QUOTE) inString = !inString;
    else if (inString) continue;
    else if (OPENING.has(unit) && ++depth > limit) return true;
    else if (CLOSING.has(unit)) depth -= 1;
  }
  return false;
}
