import { FrostbyteError } from '../../kernel/errors.ts';
import { assertVectors } from '../../models/embedder/assert.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import type { ReindexDocument, ServedChunk } from '../../stores/record/port.ts';
import type { ReindexRow } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';
import type { ReindexHand } from './step.ts';
import { writeDocument } from './write-document.ts';

/** Texts handed to the embedder at once, of however many documents: it packs them by length. */
const BATCH = 64;
/** Chunk rows read at once. */
const PAGE = 1000;

export interface Taken {
  reindex: ReindexRow;
  documents: readonly ReindexDocument[];
  hand: ReindexHand;
  /** How long they are held from each time that the worker says so: before a batch, and while it is embedded. */
  holdMs: number;
  sayMs: number;
}

/** A document on its way: its vectors come batch by batch. */
export interface Piece {
  document: ReindexDocument;
  chunks: ServedChunk[];
  vectors: Float32Array[];
}

/**
 * Embeds the chunks of documents that this worker holds, as they are stored and served, and writes each document to the
 * second index when its last vector has come; meanwhile the next batch is embedded. Before each batch it looks which
 * documents are still as they were taken: one that is being erased, or was published anew, is let go. Throws what embedder
 * and stores throw, and when it is told to stop.
 */
export async function embedDocuments(plane: DataPlane, taken: Taken): Promise<void> {
  const { reindex, documents, hand } = taken;
  const embedder = await plane.embedder(reindex.embed_model);
  if (embedder.version !== reindex.embed_version) {
    throw new FrostbyteError(
      'EMBEDDER_UNAVAILABLE',
      `The reindex began with ${reindex.embed_model} ${reindex.embed_version}, which is another version now. Cancel it and begin again.`,
    );
  }
  let open: Piece[] = [];
  for (const document of documents) {
    open.push({ document, chunks: await servedChunks(plane, document.doc_id), vectors: [] });
  }
  let writing: Promise<void> = Promise.resolve();
  /** The end of the writing, whenever it is asked for: nobody hears of a failure in between. */
  const written = () => writing;
  try {
    for (;;) {
      const isWhole = ({ chunks, vectors }: Piece) => vectors.length === chunks.length;
      for (const piece of open.filter(isWhole)) {
        writing = writing.then(() => writeDocument(plane, embedder, { reindex, piece, worker: hand.worker }));
        writing.catch(() => undefined);
      }
      open = open.filter((piece) => !isWhole(piece));
      if (open.length === 0) break;
      if (hand.isStopped()) throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The worker stops.', { retryAfter: 1 });
      open = await stillHeld(plane, open, taken);
      await whileHeld(plane, taken, embedBatch(plane, embedder, open));
    }
    await written();
  } catch (error) {
    // Nothing may be written any more when others take the documents.
    await written().catch(() => undefined);
    throw error;
  }
}

/** Embeds the next texts, and gives each piece its vectors. */
async function embedBatch({ tenant_id, meter }: DataPlane, embedder: Embedder, open: readonly Piece[]): Promise<void> {
  const places: { piece: Piece; text: string }[] = [];
  for (const piece of open) {
    for (const { text } of piece.chunks.slice(piece.vectors.length)) {
      if (places.length < BATCH) places.push({ piece, text });
    }
  }
  if (places.length === 0) return;
  const started = performance.now();
  let status: 'success' | 'failure' = 'failure';
  try {
    const vectors = await embedder.embedDocuments(places.map(({ text }) => text));
    assertVectors(vectors, places.length);
    for (const [at, { piece }] of places.entries()) piece.vectors.push(vectors[at]!);
    status = 'success';
  } finally {
    meter.embedDuration(tenant_id, embedder.model, status, (performance.now() - started) / 1000);
  }
}

/** Goes on holding the documents until the work is over, so that no other worker embeds them as well meanwhile. */
async function whileHeld(plane: DataPlane, taken: Taken, work: Promise<void>): Promise<void> {
  let said: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    // What is lost is found out before the next batch.
    said = said.then(() => hold(plane, taken)).catch(() => undefined);
  }, taken.sayMs);
  try {
    await work;
  } finally {
    clearInterval(timer);
    await said;
  }
}

function hold({ records, clock }: DataPlane, { documents, hand, holdMs }: Taken): Promise<string[]> {
  return records.holdToReindex(documents, hand.worker, new Date(clock.now() + holdMs).toISOString());
}

async function stillHeld(plane: DataPlane, open: readonly Piece[], taken: Taken): Promise<Piece[]> {
  const { records } = plane;
  const { hand } = taken;
  const held = new Set(await hold(plane, taken));
  const lost = open.map(({ document }) => document.doc_id).filter((id) => !held.has(id));
  // Whoever erases waits for this; what is being written is let go when it is noted.
  if (lost.length > 0) await records.leaveReindex(hand.worker, { doc_ids: lost });
  return open.filter(({ document }) => held.has(document.doc_id));
}

/** All chunks that are served of a document: those in quarantine are not among them. */
async function servedChunks({ records }: DataPlane, docId: string): Promise<ServedChunk[]> {
  const chunks: ServedChunk[] = [];
  for (;;) {
    const page = await records.documentChunks(docId, { limit: PAGE, offset: chunks.length });
    chunks.push(...page);
    if (page.length < PAGE) return chunks;
  }
}
