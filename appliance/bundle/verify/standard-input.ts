import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { mediumError } from './medium.ts';

const FD = 0;
/** Bytes read at once. */
const PIECE = 1 << 20;
const readInto = promisify(read);

/**
 * Standard input, piece by piece, all in the same memory: a piece holds until the next is asked for. A stream would make a
 * new one for each, faster than they are taken back. Throws `BUNDLE_MEDIUM_FAILED` where what stands behind it breaks.
 */
export async function* standardInput(): AsyncIterable<Uint8Array> {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  let fd = FD;
  try {
    for (;;) {
      let length: number;
      try {
        length = (await readInto(fd, piece, 0, PIECE, null)).bytesRead;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || fd !== FD) {
          // What broke is let go of: the runtime, when it ends, aborts over a standard input that it cannot ask about.
          letGo(FD);
          throw mediumError(error, 'standard input');
        }
        // A library that looks at `process.stdin` makes a pipe one that nobody may wait for; opened once more, it is none.
        fd = openedAgain();
        if (fd === FD) return yield* process.stdin;
        continue;
      }
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    if (fd !== FD) letGo(fd);
  }
}

/** Of a medium that is gone even this fails, and is done all the same. */
function letGo(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // There is nothing that it could still say.
  }
}

/** Standard input as a file of its own; itself where it is a socket. */
function openedAgain(): number {
  try {
    return openSync('/dev/stdin', 'r');
  } catch {
    return FD;
  }
}
