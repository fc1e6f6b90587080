import { type ErrorCode, FrostbyteError } from '../../kernel/errors.ts';

/** What an errno of a write or read means to a caller of a store; what is not named here is `STORE_UNAVAILABLE`. */
const MEANING: Readonly<Record<string, ErrorCode>> = Object.freeze({
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EFBIG: 'DISK_FULL',
  EROFS: 'STORE_READ_ONLY',
  EACCES: 'STORE_READ_ONLY',
  EPERM: 'STORE_READ_ONLY',
  // A link where a file or folder of ours should be (O_NOFOLLOW).
  ELOOP: 'ISOLATION_VIOLATED',
  ENOTDIR: 'ISOLATION_VIOLATED',
});

const MESSAGE: Readonly<Partial<Record<ErrorCode, string>>> = Object.freeze({
  DISK_FULL: 'The disk that holds the objects is full or over its quota.',
  STORE_READ_ONLY: 'The object folder cannot be written: it is read-only or belongs to another user.',
  ISOLATION_VIOLATED: 'A link or a foreign entry stands inside the object folder; nothing was followed.',
});

/** A disk error in the store's words, the system's own as `cause`. Our own errors pass through unchanged. */
export function diskError(error: unknown): FrostbyteError {
  if (error instanceof FrostbyteError) return error;
  const code = MEANING[errno(error) ?? ''] ?? 'STORE_UNAVAILABLE';
  return new FrostbyteError(code, MESSAGE[code] ?? 'The object folder does not answer.', { cause: error });
}

/** The errno name of a system error (`ENOENT`), or undefined. */
export function errno(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
