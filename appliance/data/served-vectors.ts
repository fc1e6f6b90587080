import { vectorSha256 } from '../kernel/digest.ts';
import type { ServedChunk } from '../stores/record/port.ts';
import type { DocumentRow, ServedVersion } from '../stores/record/rows.ts';
import type { VectorStore } from '../stores/vector/port.ts';
import { loadVectors } from './load.ts';
import type { DataPlane } from './plane.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'vectors' | 'indexes' | 'objects'>;

/** Chunk rows read at once. */
const PAGE = 1000;
/** Times a version is put back that was replaced meanwhile. Each needs another run, or a reindex, to end in between. */
const TRIES = 5;

/**
 * Makes the vector index hold what the document's rows serve, and nothing else of it: rows and vectors lie in two
 * stores, so a run that fails while it indexes, or that was overtaken and did not know it yet, can leave them apart.
 * What is missing comes from the version's own vectors object; what belongs to no row goes. A document at work is left
 * alone: its run will end, by publishing or here. Repeating is harmless. O(chunks of the document).
 */
export async function matchVectors(plane: Plane, docId: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { served: number } = await plane.records.vectorIndex();
    const document = await plane.records.document(docId);
    if (document?.state === 'processing') return;
    if (document?.served) await restore(plane, plane.indexes[number], document, document.served);
    else if (document !== null || !(await isBeingErased(plane, docId))) await plane.vectors.removeDocument(docId);
    const after = await plane.records.document(docId);
    const isSameIndex = (await plane.records.vectorIndex()).served === number;
    if (isSameIndex && after?.run === document?.run && after?.served?.run === document?.served?.run) return;
  }
}

/** Its erasure takes the vectors when it is decided, and leaves them when it is taken back. */
async function isBeingErased({ records }: Plane, docId: string): Promise<boolean> {
  return (await records.erasing([docId])).length > 0;
}

async function restore(
  plane: Plane,
  vectors: VectorStore,
  document: DocumentRow,
  served: ServedVersion,
): Promise<void> {
  const { records } = plane;
  const chunks = await servedChunks(records, document.doc_id);
  const ids = chunks.map(({ chunk_id }) => chunk_id);
  const stored = await vectors.read(ids);
  const lost = chunks.some(({ chunk_id, index }) => {
    const vector = stored.get(chunk_id);
    return vector === undefined || vectorSha256(vector) !== index.vector_sha256;
  });
  if (lost) {
    const { canonical_sha256, vectors_sha256 } = served;
    const made = await loadVectors(plane, { doc_id: document.doc_id, canonical_sha256, vectors_sha256 }, chunks.length);
    await vectors.upsert(
      chunks.map(({ chunk_id, doc_id, classification, page }, i) => {
        return { chunk_id, doc_id, vector: made[i]!, classification, page, ingested_at: document.received_at };
      }),
    );
  }
  await vectors.removeDocument(document.doc_id, new Set(ids));
}

/** All chunks of the served version, in the order in which they were embedded. */
async function servedChunks(records: Plane['records'], docId: string): Promise<ServedChunk[]> {
  const chunks: ServedChunk[] = [];
  for (;;) {
    const page = await records.documentChunks(docId, { limit: PAGE, offset: chunks.length });
    chunks.push(...page);
    if (page.length < PAGE) return chunks;
  }
}
