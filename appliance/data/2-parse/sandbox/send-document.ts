import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { FrostbyteError } from '../../../kernel/errors.ts';

const readAt = promisify(read);
const PIECE = 256 * 1024;

/**
 * Streams `size` bytes of the file behind `fd` into the child's pipe, from the start whatever the descriptor's position
 * is, and checks on the way that they are the bytes the request speaks of. Memory: one piece.
 * Throws `OBJECT_CORRUPTED` when they are not. A child that stops reading is not an error here; its end tells why.
 */
export async function sendDocument(fd: number, size: number, rawSha256: string, to: Writable): Promise<void> {
  const hash = createHash('sha256');
  let at = 0;
  while (at < size) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at));
    const { bytesRead } = await readAt(fd, piece, 0, piece.length, at);
    if (bytesRead === 0) throw changed();
    const part = piece.subarray(0, bytesRead);
    hash.update(part);
    at += bytesRead;
    if (to.destroyed || to.writableEnded) return;
    // The last piece waits for the hash: a child never sees the end of a document that is not the right one.
    if (at < size) await write(to, part);
    else if (hash.digest('hex') !== rawSha256) throw changed();
    else await write(to, part);
  }
  to.end();
  await finished(to).catch(() => {});
}

function changed(): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'The stored file is not the one that was received.');
}

function write(to: Writable, part: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Called with an error when the child is gone; whoever waits for its end knows more.
    to.write(part, () => resolve());
  });
}
