import { randomBytes } from 'node:crypto';
import { FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import { type JobQueue, jobId } from '../../stores/queue/port.ts';
import type { VectorStore } from '../../stores/vector/port.ts';

/** The document that canaries belong to; no content has this id, since ids are hashes of content. */
const CANARY = 'doc_0000000000000000';
const DIMENSIONS = 768;

/** Writes, reads and deletes an object; closes the store. Throws when any of it fails. */
export async function checkObjects(objects: ObjectStore): Promise<void> {
  const key = `receipts/canary-${newId()}`;
  const bytes = randomBytes(32);
  try {
    await objects.check();
    await objects.put(key, bytes);
    if (!bytes.equals(await objects.read(key))) throw unwell('object store');
    await objects.delete(key);
    if ((await objects.size(key)) !== null) throw unwell('object store');
  } finally {
    await objects.delete(key).catch(() => undefined);
    await objects.close();
  }
}

/** Writes, reads and deletes a vector; closes the store. It names no visible chunk, so no search ever serves it. */
export async function checkVectors(vectors: VectorStore): Promise<void> {
  const chunk = `chk_${randomBytes(8).toString('hex')}`;
  const vector = new Float32Array(DIMENSIONS);
  vector[randomBytes(1)[0] ?? 0] = 1;
  try {
    await vectors.check();
    await vectors.upsert([
      {
        chunk_id: chunk,
        doc_id: CANARY,
        vector,
        classification: 'other',
        page: 1,
        ingested_at: '1970-01-01T00:00:00.000Z',
      },
    ]);
    const stored = (await vectors.read([chunk])).get(chunk);
    if (stored === undefined || !stored.every((value, at) => value === vector[at])) throw unwell('vector index');
    await vectors.removeDocument(CANARY);
    if ((await vectors.read([chunk])).size > 0) throw unwell('vector index');
  } finally {
    await vectors.removeDocument(CANARY).catch(() => undefined);
    await vectors.close();
  }
}

/** Adds and removes a job; closes the queue. A worker that takes it in between finds no such document and drops it. */
export async function checkQueue(queue: JobQueue): Promise<void> {
  const job = { job_id: jobId(CANARY, 1, 'parse'), stage: 'parse', doc_id: CANARY, run: 1 } as const;
  try {
    await queue.check();
    await queue.add([job]);
    await queue.removeDocument(CANARY);
    if (await queue.has(job.job_id)) throw unwell('queue');
  } finally {
    await queue.close();
  }
}

function unwell(store: string): FrostbyteError {
  return new FrostbyteError('STORE_UNAVAILABLE', `The ${store} did not give back what was written.`);
}
