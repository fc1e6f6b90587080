import { FrostbyteError } from '../../kernel/errors.ts';
import { OBJECT_PREFIXES } from './port.ts';

/** No leading dot, so neither `.` nor `..` nor a hidden file; nothing that a shell, a URL or a path reads otherwise. */
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._=-]{0,199}$/;
const MOST_SEGMENTS = 12;
/** S3's limit; file systems take more. */
const LONGEST_KEY = 1024;

/**
 * The segments of an object key. Throws `VALIDATION_ERROR` unless the key is relative, starts with one of
 * `OBJECT_PREFIXES`, and has two to twelve safe segments. The offending key is not repeated in the message.
 */
export function keySegments(key: string): string[] {
  const segments = key.length > LONGEST_KEY ? [] : key.split('/');
  const known = (OBJECT_PREFIXES as readonly string[]).includes(segments[0] ?? '');
  const shaped = segments.length >= 2 && segments.length <= MOST_SEGMENTS;
  if (known && shaped && segments.every((segment) => SEGMENT.test(segment))) return segments;
  throw refusal('An object key must be a known prefix and safe segments joined by slashes.', 'key');
}

/**
 * The folders of a listing prefix that are whole (`raw/acme/doc_1` has `raw` and `acme`; what follows filters names).
 * Throws `VALIDATION_ERROR` like `keySegments`; the empty prefix lists everything.
 */
export function prefixFolders(prefix: string): string[] {
  if (prefix === '') return [];
  const segments = prefix.split('/');
  const last = segments.pop() ?? '';
  const partial = segments.length === 0 && OBJECT_PREFIXES.some((name) => name.startsWith(last));
  const rooted = segments.length > 0 && (OBJECT_PREFIXES as readonly string[]).includes(segments[0] ?? '');
  const safe = segments.every((segment) => SEGMENT.test(segment)) && (last === '' || SEGMENT.test(last));
  if ((partial || rooted) && safe && segments.length <= MOST_SEGMENTS && prefix.length <= LONGEST_KEY) return segments;
  throw refusal('An object prefix must begin as an object key does.', 'prefix');
}

function refusal(message: string, field: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', message, { details: [{ field, constraint: String(SEGMENT) }] });
}
