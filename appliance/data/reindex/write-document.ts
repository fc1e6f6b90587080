import { auditEntry } from '../../audit/entry.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { float32LittleEndian, sha256Hex, vectorSha256 } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { DIMENSIONS, type Embedder } from '../../models/embedder/port.ts';
import type { IndexNumber, IndexRecord, ReindexRow } from '../../stores/record/rows.ts';
import { vectorsKey } from '../keys.ts';
import { recorded } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import { matchVectors } from '../served-vectors.ts';
import type { Piece } from './embed-documents.ts';

/**
 * Writes a document to the second index as the index stage does to the first: the vectors object, the points, read back and
 * compared; then it is noted, with the events that continue its chain. Where it cannot be noted any more (erased, judged
 * anew, published anew, taken by another worker), what was written is put right. Throws `INDEX_VERIFY_FAILED` and what the
 * stores throw.
 */
export async function writeDocument(
  plane: DataPlane,
  embedder: Pick<Embedder, 'model' | 'version'>,
  { reindex, piece, worker }: { reindex: ReindexRow; piece: Piece; worker: string },
): Promise<void> {
  const { tenant_id, objects, records, clock } = plane;
  const { document, chunks, vectors } = piece;
  const { doc_id, run } = document;
  const bytes = Buffer.concat(vectors.map((vector) => float32LittleEndian(vector)));
  const vectors_sha256 = sha256Hex(bytes);
  const canonical = recorded(document.canonical_sha256, 'canonical document');
  await objects.put(vectorsKey(tenant_id, doc_id, canonical, vectors_sha256), bytes);
  await writeVectors(plane, reindex.number, piece);
  const index_records = chunks.map(
    ({ chunk_id }, at): IndexRecord => ({
      chunk_id,
      doc_id,
      tenant_id,
      embed_model: embedder.model,
      embed_version: embedder.version,
      embed_dimensions: DIMENSIONS,
      vector_sha256: vectorSha256(vectors[at]!),
      indexed_at: clock.iso(),
    }),
  );
  const output = sha256Hex(canonicalJson(index_records));
  const common = {
    reindex_id: reindex.reindex_id,
    embed_model: embedder.model,
    embed_version: embedder.version,
    chunks: chunks.length,
  };
  const about = { tenant_id, actor: 'system', resource_id: doc_id };
  const noted = await records.noteReindexed({
    ...{ reindex_id: reindex.reindex_id, worker, doc_id, run, vectors_sha256, index_records },
    entries: [
      auditEntry(clock, 'DOCUMENT_EMBEDDED', {
        ...about,
        input_hash: recorded(document.enriched_sha256, 'enriched document'),
        output_hash: vectors_sha256,
        adds: { ...common, embed_dimensions: DIMENSIONS },
      }),
      auditEntry(clock, 'INDEX_WRITTEN', {
        ...about,
        input_hash: vectors_sha256,
        output_hash: output,
        adds: { ...common, canonical_sha256: canonical },
      }),
    ],
    output_hash: `sha256:${output}`,
    at: clock.iso(),
  });
  if (noted) return;
  await putRight(plane, doc_id, reindex.number);
  // Not before: whoever erases the document waits until it is let go.
  await records.leaveReindex(worker, { doc_ids: [doc_id] });
}

async function writeVectors(
  plane: DataPlane,
  number: IndexNumber,
  { document, chunks, vectors }: Piece,
): Promise<void> {
  const index = plane.indexes[number];
  const { doc_id, received_at: ingested_at } = document;
  await index.upsert(
    chunks.map(({ chunk_id, classification, page }, at) => {
      return { chunk_id, doc_id, vector: vectors[at]!, classification, page, ingested_at };
    }),
  );
  const ids = chunks.map(({ chunk_id }) => chunk_id);
  const stored = await index.read(ids);
  const isSame = ids.every((id, at) => {
    const vector = stored.get(id);
    return vector !== undefined && vectorSha256(vector) === vectorSha256(vectors[at]!);
  });
  if (!isSame) {
    throw new FrostbyteError('INDEX_VERIFY_FAILED', 'The vector index did not give back what was written to it.');
  }
  await index.removeDocument(doc_id, new Set(ids));
}

/**
 * What was written of a document may not belong into that index: it goes, and whoever builds the index, or it was served
 * meanwhile, gets what does.
 */
async function putRight(plane: DataPlane, docId: string, number: IndexNumber): Promise<void> {
  const { served } = await plane.records.vectorIndex();
  if (served === number) return matchVectors(plane, docId);
  await plane.indexes[number].removeDocument(docId);
  await plane.records.reindexAgain(docId);
}
