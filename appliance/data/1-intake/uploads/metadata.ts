import { FrostbyteError } from '../../../kernel/errors.ts';

/** Names that clients give to the file's name. It is data, here as in a manifest: never a path. */
const FILE_NAMES = ['filename', 'name'] as const;

const MOST_KEYS = 16;
const LONGEST_KEY = 64;
const LONGEST_VALUE = 1024;
const LONGEST_FILE_NAME = 255;

/**
 * Checks an `Upload-Metadata` header: few keys, short values, all of them UTF-8 without NUL, no key twice. Throws
 * `VALIDATION_ERROR` without repeating a value. O(header).
 */
export function checkMetadata(header: string): void {
  const pairs = header.split(',').map((pair) => pair.trim().split(' '));
  if (pairs.length > MOST_KEYS) throw invalid(`at most ${MOST_KEYS} keys`);
  const keys = new Set(pairs.map(([key]) => key));
  if (keys.size !== pairs.length) throw invalid('each key once');
  for (const [key = '', value = '', ...more] of pairs) {
    if (!/^[!-+\--~]+$/.test(key) || key.length > LONGEST_KEY || more.length > 0)
      throw invalid(`pairs of key and value, keys of up to ${LONGEST_KEY} ASCII characters`);
    const text = decode(value);
    const isFileName = (FILE_NAMES as readonly string[]).includes(key);
    const longest = isFileName ? LONGEST_FILE_NAME : LONGEST_VALUE;
    if (text.length > longest || text.includes('\0') || (isFileName && text === ''))
      throw invalid(`values without NUL, of up to ${longest} characters under this key`);
  }
}

function decode(value: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw invalid('values in Base64');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'base64'));
  } catch {
    throw invalid('values in UTF-8');
  }
}

function invalid(constraint: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'Upload-Metadata is not as it should be.', {
    details: [{ field: 'upload-metadata', constraint }],
  });
}
