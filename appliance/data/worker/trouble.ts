import { type ErrorCode, isFrostbyteError } from '../../kernel/errors.ts';
import type { DataPlane } from '../plane.ts';

/** What an error in a stage says of the document, and what of the stores. */

/** Trouble of a store as a whole, which no document is to blame for. */
const STORE_TROUBLE = /^(?:DISK_FULL|STORE_READ_ONLY|STORE_CORRUPTED|ENOSPC|EDQUOT|EROFS|SQLITE_IOERR.*)$/;

/** Whether the error, or what caused it, is one of the stores' own. */
export function isStoreTrouble(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (STORE_TROUBLE.test(String((at as { code?: unknown }).code))) return true;
  }
  return false;
}

/**
 * Whether a store could not be reached and still cannot: no document is to blame for that either. Where all of them answer,
 * it may be the document's, whose attempts are counted.
 */
export async function isStoreAway(
  { objects, records, vectors, queue }: Pick<DataPlane, 'objects' | 'records' | 'vectors' | 'queue'>,
  error: unknown,
): Promise<boolean> {
  if (!isFrostbyteError(error, 'STORE_UNAVAILABLE') || error.kind !== 'later') return false;
  const checks = await Promise.allSettled([objects, records, vectors, queue].map((store) => store.check()));
  return checks.some(({ status }) => status === 'rejected');
}

export function codeOf(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}
