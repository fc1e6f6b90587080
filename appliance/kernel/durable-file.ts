import { randomUUID } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FrostbyteError } from './errors.ts';

/** Files that stand after a power cut as they were written, or as they were before. */

/** Writes a file beside its place, has it on the disk, and renames it there. Throws as `diskError`. */
export function replaceFile(file: string, text: string | Uint8Array, mode = 0o600): void {
  const beside = join(dirname(file), `.${basename(file)}.${randomUUID()}.new`);
  try {
    const fd = openSync(beside, 'wx', mode);
    try {
      // Whatever the umask is.
      fchmodSync(fd, mode);
      writeAll(fd, typeof text === 'string' ? Buffer.from(text) : text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, file);
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(beside, { force: true });
    throw diskError(error, file);
  }
}

/** Writes all bytes at the end of an open file, or at a position. */
export function writeAll(fd: number, bytes: Uint8Array, position: number | null = null): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
  }
}

/** Has the names in a folder on the disk: those of files that were made, renamed or removed. */
export function syncFolder(folder: string): void {
  syncPath(folder);
}

/** The same of a folder and all folders below it. O(entries). */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) syncFolder(join(entry.parentPath, entry.name));
  }
  syncFolder(folder);
}

/** Has on the disk what was written to a file by somebody else, as by a copy. */
export function syncFile(file: string): void {
  syncPath(file);
}

function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What the system says when it cannot write, in words: `DISK_FULL`, `STORE_READ_ONLY`; everything else as it is. */
export function diskError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const details = [{ field: 'path', value: file, constraint: `can be written (${code})` }];
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new FrostbyteError('DISK_FULL', `The disk of ${dirname(file)} is full. Free some space and repeat.`, {
      cause: error,
      details,
    });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new FrostbyteError(
      'STORE_READ_ONLY',
      `${dirname(file)} is read-only, or belongs to another user. Run this as root, or make it writable.`,
      { cause: error, details },
    );
  return error;
}

/** `DISK_FULL` for what the system says of a disk without room, also where it names no file; null for everything else. */
export function noRoom(error: unknown): FrostbyteError | null {
  const { code, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return null;
  const file = dest ?? path;
  if (file !== undefined) return diskError(error, file) as FrostbyteError;
  return new FrostbyteError('DISK_FULL', 'A disk of this host is full (df -h, df -i). Free some space and repeat.', {
    cause: error,
  });
}
