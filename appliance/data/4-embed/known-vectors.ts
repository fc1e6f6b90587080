import { sha256Hex, vectorSha256 } from '../../kernel/digest.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Embedder } from '../../models/embedder/port.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';
import type { EnrichedChunk } from '../enriched.ts';
import type { DataPlane } from '../plane.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'vectors' | 'logger'>;

/**
 * Vectors that need not be made again, by the SHA-256 of their text: those of the version that is served, where model
 * and version are still the embedder's and the bytes are the recorded ones. A run that changes few texts (a policy, a
 * release) embeds those alone. Stores in trouble are a cache that is empty: the index stage will say so.
 */
export async function knownVectors(
  { tenant_id, records, vectors, logger }: Plane,
  embedder: Pick<Embedder, 'model' | 'version'>,
  document: DocumentRow,
  chunks: readonly EnrichedChunk[],
): Promise<Map<string, Float32Array>> {
  const known = new Map<string, Float32Array>();
  // Nothing of a document is served before its first run has ended.
  if (document.run === 1 || chunks.length === 0) return known;
  try {
    const served = (await records.servedChunks(chunks.map(({ chunk_id }) => chunk_id))).filter(
      ({ index }) => index.embed_model === embedder.model && index.embed_version === embedder.version,
    );
    const stored = served.length > 0 ? await vectors.read(served.map(({ chunk_id }) => chunk_id)) : new Map();
    for (const { chunk_id, text, index } of served) {
      const vector = stored.get(chunk_id);
      if (vector !== undefined && vectorSha256(vector) === index.vector_sha256) known.set(sha256Hex(text), vector);
    }
  } catch (error) {
    if (!isFrostbyteError(error)) throw error;
    logger.warn('vectors of the served version cannot be read, all are made again', {
      ...shaped({ tenant_id, doc_id: document.doc_id }),
      code: error.code,
    });
  }
  return known;
}
