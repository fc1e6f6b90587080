import { EVIDENCE_HITS, type Evidence, evidenceOf } from '../../appliance/data/6-serve/evidence.ts';
import { searchChunks } from '../../appliance/data/6-serve/search.ts';
import { indexTexts } from '../../appliance/data/evaluate-retrieval.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';
import { throwawayStores } from '../retrieval/throwaway-stores.ts';
import type { Text } from './collection.ts';

/** A collection in throwaway stores, asked by the product's own search. */
export interface Asked {
  /**
   * The verdict, what the best of the hits that count is worth, and whether one of them is `good`; texts that are `gone` are
   * taken out before.
   */
  ask(
    question: string,
    good?: (id: string) => boolean,
    gone?: (id: string) => boolean,
  ): Promise<{ evidence: Evidence; best: number; found: boolean }>;
  has(id: string): boolean;
  /** Ids of the texts nearest to one of the collection, itself among them. */
  around(id: string, count: number): Promise<string[]>;
  end(): Promise<void>;
}

/** Enough hits that some are left when those of a topic are taken out. */
const DEEP = 400;

/** The embedder is the caller's to close. */
export async function indexed(texts: readonly Text[], embedder: Embedder): Promise<Asked> {
  const ports = await throwawayStores(embedder);
  const { records, vectors } = ports;
  await indexTexts(ports, texts);
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
        best: Math.max(0, ...scores),
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
    end: () => ports.end(),
  };
}
