import type { Readable } from 'node:stream';
import type { BatchReceipt } from '../../api/receipts.ts';
import type { DataPlane } from '../plane.ts';
import { Arrival } from './arrival.ts';
import { bodyIterator } from './body.ts';
import { ManifestAlone } from './manifest-alone.ts';
import { BodyBroken, boundaryOf, MultipartReader, type Part, type PartSource } from './multipart.ts';
import { LARGEST_MANIFEST, tooLarge } from './read-manifest.ts';
import { lackOfRoom } from './refusals.ts';

export type IntakePlane = Pick<
  DataPlane,
  'tenant_id' | 'objects' | 'records' | 'scanner' | 'clock' | 'logger' | 'meter' | 'config'
>;

export interface BatchInput {
  /** The request's content type: multipart/form-data with its boundary, or JSON for a manifest alone. */
  contentType: string;
  /** Its chunks are used up: large ones give their memory back once they were stored. */
  body: ReadableStream<Uint8Array> | Readable;
  /** The caller's subject. */
  submitted_by: string;
  /** Ends the request when the sender is gone. */
  signal?: AbortSignal;
}

/** A batch whose files are all finished uploads needs no more than its manifest. */
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/** Bytes of a body that are read and forgotten so that a refused sender gets its answer instead of a reset. */
const DRAIN_BYTES = 8 * 1024 ** 3;

/**
 * Receives a batch (spec 2 A): every file streams through once, and at the end all of it becomes durable and visible in
 * one transaction. A body that breaks off keeps the files that came whole, so that the same batch goes on later. The
 * same batch again gives the same receipt.
 *
 * Throws `MANIFEST_INVALID`, `MANIFEST_FILE_COUNT_MISMATCH`, `DUPLICATE_FILE_ID`, `BATCH_ALREADY_EXISTS`,
 * `QUOTA_EXCEEDED`, `SERVICE_UNAVAILABLE` (scanner), or what the stores throw; of a refused batch nothing is kept.
 * Memory: a chunk, a head and a tail of the current file, and the manifest, whatever the files' size.
 */
export async function receiveBatch(plane: IntakePlane, input: BatchInput): Promise<BatchReceipt> {
  const body = () => bodyIterator(input.body, input.signal);
  const reader: PartSource = JSON_TYPE.test(input.contentType)
    ? new ManifestAlone(body())
    : new MultipartReader(body(), boundaryOf(input.contentType));
  const arrival = new Arrival(plane, input.submitted_by, await plane.config());
  try {
    await lackOfRoom(plane.objects.check());
    const receipt = await lackOfRoom(readAll(reader, arrival));
    await finish(reader);
    return receipt;
  } catch (error) {
    await arrival.abandon();
    await finish(reader);
    throw error;
  }
}

/** A sender in the middle of its body is heard out; behind the closing boundary nobody waits for an epilogue. */
async function finish(reader: PartSource): Promise<void> {
  const { closed } = reader;
  const drained = reader.drain(DRAIN_BYTES);
  if (!closed) await drained;
}

async function readAll(reader: PartSource, arrival: Arrival): Promise<BatchReceipt> {
  try {
    for (let part = await reader.next(); part !== null; part = await reader.next()) {
      if (part.name !== 'manifest') await arrival.file(part);
      else {
        const known = await arrival.manifest(await manifestBytes(part));
        if (known !== null) return known;
      }
    }
  } catch (error) {
    if (error instanceof BodyBroken) return await arrival.broken();
    throw error;
  }
  return await arrival.whole();
}

async function manifestBytes(part: Part): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of part.content) {
    bytes += chunk.length;
    if (bytes > LARGEST_MANIFEST) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
