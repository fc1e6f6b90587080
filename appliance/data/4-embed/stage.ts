import { auditEntry } from '../../audit/entry.ts';
import { float32LittleEndian, sha256Hex } from '../../kernel/digest.ts';
import { assertVectors } from '../../models/embedder/assert.ts';
import { DIMENSIONS, type Embedder } from '../../models/embedder/port.ts';
import { embeddable } from '../enriched.ts';
import { vectorsKey } from '../keys.ts';
import { loadEnriched, recorded } from '../load.ts';
import type { DataPlane } from '../plane.ts';
import type { Stage, StageContext } from '../stage.ts';
import { knownVectors } from './known-vectors.ts';

/** Texts handed to the embedder at once: bounds memory, and lets a lost lease stop the work early. */
const BATCH = 64;

/** Stage embed: enriched chunks → vectors (spec 2 D). Chunks in quarantine are not embedded. */
export const embedStage: Stage = {
  name: 'embed',

  async run({ plane, document, signal }: StageContext) {
    const started = performance.now();
    const enriched = await loadEnriched(plane, document);
    const chunks = embeddable(enriched);
    const embedder = await plane.embedder();
    // By text: one that stands in a document twice, or in the version before, is embedded once.
    const keys = chunks.map(({ text }) => sha256Hex(text));
    const vectors = await knownVectors(plane, embedder, document, chunks);
    const missing = [...new Map(chunks.map(({ text }, i) => [keys[i]!, text]))].filter(([key]) => !vectors.has(key));
    for (let at = 0; at < missing.length; at += BATCH) {
      signal.throwIfAborted();
      const some = missing.slice(at, at + BATCH);
      const made = await embed(
        plane,
        embedder,
        some.map(([, text]) => text),
      );
      for (const [i, [key]] of some.entries()) vectors.set(key, made[i]!);
    }
    const bytes = new Uint8Array(chunks.length * DIMENSIONS * 4);
    for (const [i, key] of keys.entries()) bytes.set(float32LittleEndian(vectors.get(key)!), i * DIMENSIONS * 4);
    const hash = sha256Hex(bytes);
    const canonical = recorded(document.canonical_sha256, 'canonical document');
    await plane.objects.put(vectorsKey(plane.tenant_id, document.doc_id, canonical, hash), bytes);
    const { model, version } = embedder;
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
          adds: { embed_model: model, embed_version: version, embed_dimensions: DIMENSIONS, chunks: chunks.length },
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

async function embed({ tenant_id, meter }: DataPlane, embedder: Embedder, texts: string[]): Promise<Float32Array[]> {
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
