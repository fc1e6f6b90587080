import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Place } from './listing.ts';

/** Bytes read at once. */
const CHUNK = 4 << 20;
/** A thread's one piece: one for each file of a bundle would be memory that nobody takes back in time. */
let piece: Buffer | null = null;

/** What a thread is asked: to hash a place and, where there is a target, to copy what it hashed there. */
export interface HashJob {
  place: Place;
  /** A file that is there already, and where in it the bytes go. */
  target: { file: string; offset: number } | null;
}

/** The hash, and how many bytes there were: fewer than asked for where the file is shorter than it was. */
export interface Hashed {
  sha256: string;
  bytes: number;
}

/**
 * Hashes a place as it lies on the medium; what is copied is what was hashed, so a medium that answers a second read
 * otherwise deceives nobody. The copy is on the disk when this returns. `read` hears of every piece. O(bytes), one piece in
 * memory. Throws the system's errors.
 */
export function hashPlace({ place, target }: HashJob, read: (bytes: number) => void = () => undefined): Hashed {
  // Nothing else runs in this thread before this returns.
  piece ??= Buffer.allocUnsafeSlow(CHUNK);
  const buffer = piece;
  const hash = createHash('sha256');
  const from = openSync(place.file, constants.O_RDONLY | (place.offset === 0 ? constants.O_NOFOLLOW : 0));
  const to = target === null ? null : openSync(target.file, constants.O_WRONLY | constants.O_NOFOLLOW);
  let bytes = 0;
  try {
    while (bytes < place.size) {
      const length = readSync(from, buffer, 0, Math.min(buffer.length, place.size - bytes), place.offset + bytes);
      if (length === 0) break;
      const came = buffer.subarray(0, length);
      hash.update(came);
      if (to !== null) writeAll(to, came, target!.offset + bytes);
      bytes += length;
      read(length);
    }
    if (to !== null) fsyncSync(to);
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    closeSync(from);
    if (to !== null) closeSync(to);
  }
}

function writeAll(fd: number, piece: Buffer, position: number): void {
  for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done, piece.length - done, position + done);
}
