import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVIDENCE_HITS, type Evidence, evidenceOf } from '../../appliance/data/6-serve/evidence.ts';
import { searchChunks } from '../../appliance/data/6-serve/search.ts';
import { evaluateRetrieval } from '../../appliance/data/evaluate-retrieval.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { lexicalEmbedder } from '../../appliance/models/embedder/lexical.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';
import type { Text } from './collection.ts';

/** A collection in throwaway stores, asked by the product's own search. */
export interface Asked {
  /** The verdict, and whether one of the hits that count is `good`; texts that are `gone` are taken out before. */
  ask(
    question: string,
    good?: (id: string) => boolean,
    gone?: (id: string) => boolean,
  ): Promise<{ evidence: Evidence; found: boolean }>;
  has(id: string): boolean;
  /** Ids of the texts nearest to one of the collection, itself among them. */
  around(id: string, count: number): Promise<string[]>;
  end(): Promise<void>;
}

/** Enough hits that some are left when those of a topic are taken out. */
const DEEP = 400;

export async function indexed(texts: readonly Text[]): Promise<Asked> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-bench-'));
  const clock = systemClock();
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: 'bench', clock });
  const vectors = openSqliteVectors(join(folder, 'vectors.sqlite'), { appliedAt: clock.iso() });
  const embedder = lexicalEmbedder();
  const ports = { tenant_id: 'bench', records, vectors, embedder, clock };
  for await (const _ of evaluateRetrieval(ports, texts, [], 1)) void _;
  const idOf = new Map(texts.map(({ id, text }) => [text, id]));
  const textOf = new Map(texts.map(({ id, text }) => [id, text]));
  return {
    async ask(question, good = () => false, gone) {
      const top_k = gone ? DEEP : EVIDENCE_HITS;
      const { hits } = await searchChunks(ports, { query_text: question, top_k });
      const shown = hits
        .map(({ chunk, similarity_score }) => ({ text: chunk.text, id: idOf.get(chunk.text) ?? '', similarity_score }))
        .filter(({ id }) => !gone?.(id))
        .slice(0, EVIDENCE_HITS);
      const scores = shown.map(({ text, similarity_score }) => embedder.evidence(question, text, similarity_score));
      return {
        evidence: evidenceOf(scores, embedder.evidenceThreshold),
        found: shown.some(({ id }) => good(id)),
      };
    },
    has: (id) => textOf.has(id),
    async around(id, count) {
      const [vector] = await embedder.embedDocuments([textOf.get(id)!]);
      const near = await vectors.search(vector!, { limit: count });
      const chunks = await records.servedChunks(near.map(({ chunk_id }) => chunk_id));
      return chunks.map(({ text }) => idOf.get(text) ?? '');
    },
    async end() {
      await Promise.all([records.close(), vectors.close(), embedder.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
