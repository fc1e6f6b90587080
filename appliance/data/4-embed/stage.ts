import { auditEntry } from '../../audit/entry.ts';
import { float32LittleEndian, sha256Hex } from '../../kernel/digest.ts';
import { assertVectors } from '../../models/embedder/assert.ts';
import { DIMENSIONS } from '../../models/embedder/port.ts';
import { embeddable } from '../enriched.ts';
import { vectorsKey } from '../keys.ts';
import { loadEnriched, recorded } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import type { Stage, StageContext } from '../stage.ts';

/** Texts handed to the embedder at once: bounds memory, and lets a lost lease stop the work early. */
const BATCH = 64;

/** Stage embed: enriched chunks → vectors (spec 2 D). Chunks in quarantine are not embedded. */
export const embedStage: Stage = {
  name: 'embed',

  async run({ plane, document, signal }: StageContext) {
    const started = performance.now();
    const enriched = await loadEnriched(plane, document);
    const texts = embeddable(enriched).map(({ text }) => text);
    const bytes = new Uint8Array(texts.length * DIMENSIONS * 4);
    for (let at = 0; at < texts.length; at += BATCH) {
      signal.throwIfAborted();
      const vectors = await embed(plane, texts.slice(at, at + BATCH));
      vectors.forEach((vector, i) => {
        bytes.set(float32LittleEndian(vector), (at + i) * DIMENSIONS * 4);
      });
    }
    const hash = sha256Hex(bytes);
    const canonical = recorded(document.canonical_sha256, 'canonical document');
    await plane.objects.put(vectorsKey(plane.tenant_id, document.doc_id, canonical, hash), bytes);
    const { model, version } = plane.embedder;
    return {
      kind: 'advance',
      patch: { vectors_sha256: hash, embed_model: model, embed_version: version, last_output_hash: `sha256:${hash}` },
      entries: [
        auditEntry(plane.clock, 'DOCUMENT_EMBEDDED', {
          tenant_id: plane.tenant_id,
          actor: 'system',
          resource_id: document.doc_id,
          input_hash: recorded(document.last_output_hash, 'last gate'),
          output_hash: hash,
          duration_ms: performance.now() - started,
          adds: { embed_model: model, embed_version: version, embed_dimensions: DIMENSIONS, chunks: texts.length },
        }),
      ],
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

async function embed({ tenant_id, embedder, meter }: DataPlane, texts: string[]): Promise<Float32Array[]> {
  const started = performance.now();
  let status: 'success' | 'failure' = 'failure';
  try {
    const vectors = await embedder.embedDocuments(texts);
    assertVectors(vectors, texts.length);
    meter.dimensionAssertion(tenant_id, 'pass');
    status = 'success';
    return vectors;
  } catch (error) {
    if ((error as { code?: string }).code === 'DIMENSION_MISMATCH') meter.dimensionAssertion(tenant_id, 'fail');
    throw error;
  } finally {
    meter.embedDuration(tenant_id, embedder.model, status, (performance.now() - started) / 1000);
  }
}
