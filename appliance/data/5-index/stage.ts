import { auditEntry } from '../../audit/entry.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex, vectorSha256 } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { DIMENSIONS } from '../../models/embedder/port.ts';
import type { ChunkRow, DocumentRow, IndexRecord } from '../../stores/record/rows.ts';
import type { VectorPoint, VectorStore } from '../../stores/vector/port.ts';
import { type EnrichedChunk, type EnrichedDocument, embeddable } from '../enriched.ts';
import { loadCanonical, loadEnriched, loadVectors, recorded } from '../load.ts';
import type { Stage, StageContext, StageResult } from '../stage.ts';
import { languageOf } from './find-language.ts';

/** Vectors of two models cannot be compared: the index came to be another one's between the stages. */
const EMBED_AGAIN: StageResult = Object.freeze({ kind: 'again', patch: {}, entries: [] });

/**
 * Stage index (spec 2 D): vectors are written and read back bit for bit, then rows, full text and index records are
 * published in one transaction. Until that transaction, search finds no rows for the new vectors and passes them over;
 * if anything differs, this version's vectors are taken out again and the job fails.
 */
export const indexStage: Stage = {
  name: 'index',

  async run({ plane, document, signal }: StageContext) {
    const started = performance.now();
    const index = await plane.records.vectorIndex();
    if (index.embed_model !== null && index.embed_model !== document.embed_model) return EMBED_AGAIN;
    const canonical = await loadCanonical(plane, document);
    const enriched = await loadEnriched(plane, document);
    const chunks = embeddable(enriched);
    const known = new Set(canonical.chunks.map(({ chunk_id }) => chunk_id));
    if (chunks.some(({ chunk_id }) => !known.has(chunk_id))) {
      throw new FrostbyteError(
        'OBJECT_CORRUPTED',
        'The enriched document names chunks that the canonical document does not have.',
      );
    }
    const vectors = await loadVectors(plane, document, chunks.length);
    const indexed_at = plane.clock.iso();
    const points = chunks.map(
      (chunk, i): VectorPoint => ({
        chunk_id: chunk.chunk_id,
        doc_id: document.doc_id,
        vector: vectors[i]!,
        classification: chunk.policy.classification,
        page: chunk.page,
        ingested_at: document.received_at,
      }),
    );
    const language = await languageOf(
      chunks.map(({ text }) => text),
      document.metadata,
    );
    signal.throwIfAborted();
    await writeVectors(plane.indexes[index.served], document, points);

    const index_records = points.map(
      (point): IndexRecord => ({
        chunk_id: point.chunk_id,
        doc_id: document.doc_id,
        tenant_id: plane.tenant_id,
        embed_model: recorded(document.embed_model, 'embedding model'),
        embed_version: recorded(document.embed_version, 'embedding model'),
        embed_dimensions: DIMENSIONS,
        vector_sha256: vectorSha256(point.vector),
        indexed_at,
      }),
    );
    const output = sha256Hex(canonicalJson(index_records));
    const written = auditEntry(plane.clock, 'INDEX_WRITTEN', {
      tenant_id: plane.tenant_id,
      actor: 'system',
      resource_id: document.doc_id,
      input_hash: recorded(document.last_output_hash, 'vectors'),
      output_hash: output,
      duration_ms: performance.now() - started,
      adds: {
        embed_model: document.embed_model,
        embed_version: document.embed_version,
        chunks: chunks.length,
        canonical_sha256: document.canonical_sha256,
      },
    });
    return {
      kind: 'published',
      publication: {
        vector_index: index.served,
        chunks: chunks.map((chunk, position) => row(chunk, document.doc_id, position)),
        index_records,
        patch: { chunks_indexed: chunks.length, last_output_hash: `sha256:${output}` },
        entries: [written],
        index_event_id: written.event.event_id,
        lineage: { ...canonical.lineage, policy_version: policyVersionOf(enriched), text_language: language },
        language,
      },
    };
  },

  failed: ({ tenant_id, clock }, { doc_id }, { code, retry_count }) => [
    auditEntry(clock, 'EMBEDDING_FAILED', {
      tenant_id,
      actor: 'system',
      resource_id: doc_id,
      status: 'failure',
      adds: { error_code: code, retry_count },
    }),
  ],
};

/** Upserts, reads back, compares; then drops what an earlier version had and this one has not. */
async function writeVectors(vectors: VectorStore, document: DocumentRow, points: VectorPoint[]): Promise<void> {
  await vectors.upsert(points);
  const stored = await vectors.read(points.map(({ chunk_id }) => chunk_id));
  const same = points.every(({ chunk_id, vector }) => {
    const found = stored.get(chunk_id);
    return found !== undefined && vectorSha256(found) === vectorSha256(vector);
  });
  if (!same) {
    await vectors.removeDocument(document.doc_id);
    throw new FrostbyteError('INDEX_VERIFY_FAILED', 'The vector index did not give back what was written to it.');
  }
  await vectors.removeDocument(document.doc_id, new Set(points.map(({ chunk_id }) => chunk_id)));
}

/** Every chunk carries it; a document without chunks was judged by none. */
function policyVersionOf({ chunks }: EnrichedDocument): string | null {
  return chunks[0]?.policy.policy_version ?? null;
}

function row(chunk: EnrichedChunk, doc_id: string, position: number): ChunkRow {
  return {
    chunk_id: chunk.chunk_id,
    doc_id,
    position,
    text: chunk.text,
    page: chunk.page,
    start_char: chunk.start_char,
    end_char: chunk.end_char,
    element_type: chunk.element_type,
    boxes: chunk.boxes ?? null,
    path: chunk.path ?? null,
    metadata: chunk.metadata,
    policy: chunk.policy,
    classification: chunk.policy.classification,
  };
}
