import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { LockedFile } from '../lock.ts';

/** A pipe that nobody writes to must not hold up whoever looks: with O_NONBLOCK it opens, and is no regular file. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const PIECE = 1 << 20;

/** What is wrong with a file, in words for people; null where it is the locked one. */
export type Wrong = string | null;

/**
 * Holds a file against the lock: a regular file of the locked size, and with `whole` of the locked hash too. Passes each
 * piece of it to `into`, if given. O(size) with `whole`, else one look.
 */
export async function checkFile(
  path: string,
  locked: LockedFile,
  { whole, into }: { whole: boolean; into?: (piece: Uint8Array) => Promise<unknown> },
): Promise<Wrong> {
  let handle: FileHandle;
  try {
    handle = await open(path, READ);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'is not there';
    if (code === 'ELOOP') return 'is a link; the file itself is needed';
    return `cannot be read (${code})`;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return 'is no regular file';
    if (stat.size < locked.size) return `is cut short: ${stat.size} of ${locked.size} bytes`;
    if (stat.size > locked.size) return `is another file: ${stat.size} bytes, not ${locked.size}`;
    if (!whole) return null;
    const found = await hashOf(handle, into);
    return found === locked.sha256 ? null : `is another file: its SHA-256 is ${found}, the lock has ${locked.sha256}`;
  } finally {
    await handle.close();
  }
}

async function hashOf(handle: FileHandle, into?: (piece: Uint8Array) => Promise<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at);
    if (bytesRead === 0) return hash.digest('hex');
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    await into?.(piece);
    at += bytesRead;
  }
}
