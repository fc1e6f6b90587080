import type { TestContext } from 'node:test';
import { auditEntry } from '../../appliance/audit/entry.ts';
import { vectorsKey } from '../../appliance/data/keys.ts';
import { continueReindex, type ReindexHand } from '../../appliance/data/reindex/step.ts';
import { float32LittleEndian, sha256Hex, vectorSha256 } from '../../appliance/kernel/digest.ts';
import { chunksOf, job, TENANT, toIndex } from '../contract/record/builders.ts';
import { type SmallPlane, smallPlane } from './faults/small-plane.ts';
import { type TurnedEmbedder, turnedEmbedder } from './models/turned-embedder.ts';

/** A plane whose documents are indexed by words, and another embedder that it can be reindexed by. */
export interface ReindexWorld extends SmallPlane {
  turned: TurnedEmbedder;
  /** Indexes a document with these chunks, by the model of the index; answers its id. */
  index(name: string, texts: readonly string[]): Promise<string>;
  /** Publishes a document's next run with other chunks. */
  indexAnew(id: string, run: number, texts: readonly string[]): Promise<void>;
  /** Takes steps until there is none left. */
  finish(hand?: Partial<ReindexHand>): Promise<void>;
  hand(worker?: string): ReindexHand;
}

export async function reindexWorld(t: TestContext): Promise<ReindexWorld> {
  const turned = turnedEmbedder();
  const small = await smallPlane(undefined, [turned]);
  t.after(() => small.end());
  const { plane, clock } = small;

  async function publish(id: string, run: number, texts: readonly string[]): Promise<void> {
    const { number, embedder, vectors: made } = await embedded(texts);
    const { chunks, index_records } = chunksOf(
      id,
      texts.map((text) => ({ text })),
    );
    for (const [i, record] of index_records.entries()) {
      record.vector_sha256 = vectorSha256(made[i]!);
      record.embed_model = embedder.model;
      record.embed_version = embedder.version;
    }
    const bytes = Buffer.concat(made.map((vector) => float32LittleEndian(vector)));
    const canonical_sha256 = sha256Hex(`canonical ${id}`);
    const patch = {
      canonical_sha256,
      enriched_sha256: sha256Hex(`enriched ${id} ${run}`),
      vectors_sha256: sha256Hex(bytes),
      embed_model: embedder.model,
      embed_version: embedder.version,
      chunks_indexed: texts.length,
    };
    await plane.objects.put(vectorsKey(TENANT, id, canonical_sha256, patch.vectors_sha256), bytes);
    await plane.indexes[number].upsert(
      chunks.map(({ chunk_id, doc_id, page, classification }, i) => {
        return { chunk_id, doc_id, page, classification, vector: made[i]!, ingested_at: clock.iso() };
      }),
    );
    await plane.indexes[number].removeDocument(id, new Set(chunks.map(({ chunk_id }) => chunk_id)));
    const written = auditEntry(clock, 'INDEX_WRITTEN', { tenant_id: TENANT, actor: 'system', resource_id: id });
    const published = await plane.records.publish({
      ...{ job: job(id, 'index', run), vector_index: number, chunks, index_records, patch, entries: [written] },
      index_event_id: written.event.event_id,
      at: clock.iso(),
    });
    if (!published) throw new Error('not published');
  }

  async function embedded(texts: readonly string[]) {
    const { served } = await plane.records.vectorIndex();
    const embedder = await plane.embedder();
    return { number: served, embedder, vectors: await embedder.embedDocuments(texts) };
  }

  const hand = (worker = 'w1'): ReindexHand => ({ worker, isStopped: () => false });
  return {
    ...small,
    turned,
    async index(name, texts) {
      const [id] = (await small.receive(`batch-${name}`, [name])) as [string];
      await toIndex(plane.records, id);
      await publish(id, 1, texts);
      return id;
    },
    async indexAnew(id, run, texts) {
      await plane.records.restart(id, 'embed', [], clock.iso());
      await toIndex(plane.records, id, run, 'embed');
      await publish(id, run, texts);
    },
    hand,
    async finish(other = {}) {
      while (await continueReindex(plane, { ...hand(), ...other }));
    },
  };
}
