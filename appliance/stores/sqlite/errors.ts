import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';

/**
 * SQLite's result codes as ours. A prefix covers its extended codes (`SQLITE_IOERR_SHORT_READ`); the first match wins.
 * The messages name no file, no statement and no value.
 */
const BY_PREFIX = Object.freeze([
  ['SQLITE_FULL', 'DISK_FULL', 'The disk of the store is full.'],
  ['SQLITE_READONLY', 'STORE_READ_ONLY', 'The store can only be read.'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPTED', 'The store’s file is damaged. Restore it from a backup.'],
  ['SQLITE_NOTADB', 'STORE_CORRUPTED', 'The store’s file is not a database. Restore it from a backup.'],
  ['SQLITE_BUSY', 'STORE_UNAVAILABLE', 'The store is in use by another process.'],
  ['SQLITE_LOCKED', 'STORE_UNAVAILABLE', 'The store is in use.'],
  ['SQLITE_CANTOPEN', 'STORE_UNAVAILABLE', 'The store cannot be opened.'],
  ['SQLITE_IOERR', 'STORE_UNAVAILABLE', 'The store cannot reach its disk.'],
  ['SQLITE_PROTOCOL', 'STORE_UNAVAILABLE', 'The store is in use by another process.'],
] as const);

/** Errors of the file system, met before SQLite is asked. */
const BY_ERRNO: ReadonlyMap<string, readonly [FrostbyteError['code'], string]> = new Map([
  ['ENOSPC', ['DISK_FULL', 'The disk of the store is full.']],
  ['EDQUOT', ['DISK_FULL', 'The disk quota of the store is used up.']],
  ['EROFS', ['STORE_READ_ONLY', 'The store lies on a read-only disk.']],
  ['ELOOP', ['ISOLATION_VIOLATED', 'The store’s file is a link; links are not followed.']],
]);

/**
 * What the caller of a store gets for `error`: one of ours unchanged, SQLite's and the file system's translated, and
 * everything else (a constraint, a defect) as `INTERNAL_ERROR`, always with the original as `cause`.
 */
export function storeError(error: unknown): FrostbyteError {
  if (isFrostbyteError(error)) return error;
  const code = codeOf(error);
  for (const [prefix, ours, message] of BY_PREFIX) {
    if (code === prefix || code.startsWith(`${prefix}_`)) return new FrostbyteError(ours, message, { cause: error });
  }
  const errno = BY_ERRNO.get(code);
  if (errno) return new FrostbyteError(errno[0], errno[1], { cause: error });
  if (/^E[A-Z0-9]+$/.test(code)) {
    return new FrostbyteError('STORE_UNAVAILABLE', 'The store’s file cannot be opened.', { cause: error });
  }
  return new FrostbyteError('INTERNAL_ERROR', 'The store refused a change that breaks its rules.', { cause: error });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
