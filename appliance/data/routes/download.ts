import type { Readable } from 'node:stream';
import { FrostbyteError } from '../../kernel/errors.ts';

/** Bytes of a download between two looks at whether it may go on. */
const LOOK_EVERY = 4 * 1024 * 1024;

export interface Download {
  /** Of our own making: ids and numbers, never the document's name. */
  filename: string;
  bytes: number | null;
  /** Asked again and again while it runs; a tenant that was stopped throws, a document that is gone answers false. */
  mayGoOn(): Promise<boolean>;
}

/**
 * An object as an attachment that no browser opens by itself, streamed. Who leaves ends the reading; when it may not go
 * on, the connection breaks instead of ending as if all had come.
 */
export function download(source: Readable, { filename, bytes, mayGoOn }: Download): Response {
  return new Response(ReadableStream.from(watched(source, mayGoOn)) as ReadableStream<Uint8Array>, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${filename}"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...(bytes === null ? {} : { 'content-length': String(bytes) }),
    },
  });
}

async function* watched(source: Readable, mayGoOn: Download['mayGoOn']): AsyncGenerator<Uint8Array> {
  let since = 0;
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    since += chunk.byteLength;
    if (since >= LOOK_EVERY) {
      since = 0;
      if (!(await mayGoOn())) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'The document is gone.');
    }
    yield chunk;
  }
}
