import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Bucket } from './bucket.ts';
import { sizeOf } from './client.ts';
import { Silence, storeError } from './refusal.ts';

/** How often a stream is taken up again without a byte in between. */
const RESUMES = 3;

/**
 * An object as a stream. Where the connection breaks it is taken up again at the byte that is due, of the same version, so
 * that whoever began to read an object reads that one to its end. Throws `OBJECT_MISSING` before the stream begins.
 */
export async function readStream(bucket: Bucket, key: string): Promise<Readable> {
  const response = await bucket.open(key);
  return Readable.from(chunks(bucket, key, response), { objectMode: false });
}

async function* chunks(bucket: Bucket, key: string, first: IncomingMessage): AsyncGenerator<Buffer> {
  const total = sizeOf(first);
  const versionId = first.headers['x-amz-version-id'];
  let response = first;
  let at = 0;
  for (let left = RESUMES; ; left--) {
    try {
      for await (const chunk of withinSilence(response, bucket.silenceMs)) {
        at += chunk.byteLength;
        left = RESUMES;
        yield chunk;
      }
      if (at >= total) return;
      throw new FrostbyteError('STORE_UNAVAILABLE', 'The object store ended an object before its end.');
    } catch (error) {
      // Without a version the bytes that follow might be another object's.
      if (left === 0 || typeof versionId !== 'string') throw storeError(error);
    }
    response = await bucket.open(key, at, versionId);
  }
}

/** Chunks of an answer; fails when the server, not the reader, is silent for too long. */
async function* withinSilence(response: IncomingMessage, silenceMs: number): AsyncGenerator<Buffer> {
  // The socket's own timer would also count the time in which the reader takes nothing.
  response.setTimeout(0);
  const watch = () => setTimeout(() => response.destroy(new Silence(silenceMs)), silenceMs);
  let silence = watch();
  try {
    for await (const chunk of response) {
      clearTimeout(silence);
      yield chunk as Buffer;
      silence = watch();
    }
  } finally {
    clearTimeout(silence);
  }
}
