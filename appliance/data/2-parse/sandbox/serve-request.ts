import { readSync, writeSync } from 'node:fs';
import { warmUp } from '../warm-up.ts';
import { answerRequest } from './answer-request.ts';
import {
  type Answer,
  DOCUMENT_FD,
  MAX_ANSWER_BYTES,
  MAX_REQUEST_BYTES,
  ParseRequest,
  type PictureAnswer,
} from './protocol.ts';

/**
 * The child's life: wait for one request, answer it, end. It reads and writes descriptors that it was given and opens
 * nothing. `warmFor` is a media type whose reader is loaded while there is nothing to do yet.
 */
export async function serveRequest(warmFor: string | undefined): Promise<void> {
  // Libraries must not write between the bytes of the answer, nor anything of a document anywhere.
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) console[name] = () => {};
  if (warmFor !== undefined) await warmUp(warmFor);
  const line = readLine(0, MAX_REQUEST_BYTES);
  // The parent went away, or has no need for a spare child any longer.
  if (line === null) return;
  const request = ParseRequest.parse(JSON.parse(line));
  const bytes = readExactly(DOCUMENT_FD, request.size);
  writeAll(1, serialise(await answerRequest(request, bytes)));
}

function serialise(answer: Answer | PictureAnswer): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(answer));
  if (bytes.length <= MAX_ANSWER_BYTES) return bytes;
  const tooLarge: Answer = {
    ok: false,
    code: 'PARSER_MEMORY',
    message: 'The document gives more text and structure than one document may have.',
    kind: 'never',
  };
  return Buffer.from(JSON.stringify(tooLarge));
}

/** The first line, without its end; null when the input ends before one is whole. */
function readLine(fd: number, most: number): string | null {
  const buffer = Buffer.alloc(most);
  let filled = 0;
  while (filled < most) {
    const count = readSync(fd, buffer, filled, most - filled, null);
    if (count === 0) return null;
    const end = buffer.indexOf(10, filled);
    filled += count;
    if (end !== -1 && end < filled) return buffer.toString('utf8', 0, end);
  }
  throw new Error('the request is too long');
}

function readExactly(fd: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let filled = 0; filled < size; ) {
    const count = readSync(fd, bytes, filled, size - filled, null);
    if (count === 0) throw new Error('the document ended early');
    filled += count;
  }
  return bytes;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
