import { type RankWeights, rankWeights } from '../appliance/data/6-serve/rank-weights.ts';
import { type IndexedTexts, indexTexts } from '../appliance/data/evaluate-retrieval.ts';
import { lexicalEmbedder } from '../appliance/models/embedder/lexical.ts';
import type { Embedder } from '../appliance/models/embedder/port.ts';
import { modelMissing } from '../test/support/models/fetched.ts';
import { atLeast } from './bounds.ts';
import { type Collection, judgedCollection } from './evidence/collection.ts';
import { modelEmbedder } from './retrieval/model-embedder.ts';
import { CUT, ndcg } from './retrieval/ndcg.ts';
import { throwawayStores } from './retrieval/throwaway-stores.ts';

/**
 * How well search ranks, by the product's own search: full text alone, vectors alone, and both fused. The weight of the
 * vectors is chosen on the odd queries of a collection with human judgements; the even ones count.
 */

const TEXT: RankWeights = { text: 1, vector: 0 };
const VECTORS: RankWeights = { text: 0, vector: 1 };
const EQUAL: RankWeights = { text: 1, vector: 1 };
/** Of vectors against full text: what is tried. */
const TRIED: Readonly<Record<'words' | 'meaning', readonly number[]>> = {
  words: [0.02, 0.05, 0.07, 0.1, 0.15, 0.2, 0.5],
  meaning: [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4],
};

/** Means over the odd queries, the even ones, and all of them. */
interface Quality {
  odd: number;
  even: number;
  all: number;
}

export async function measure(): Promise<string[]> {
  const collection = judgedCollection();
  if (collection === null) return ['left out: the judged collection is not on this machine'];
  const missing = await modelMissing();
  return [
    ...(await ofEmbedder(collection, lexicalEmbedder(), TRIED.words)),
    ...(missing === null
      ? await ofEmbedder(collection, await modelEmbedder(), TRIED.meaning)
      : [`the model left out: ${missing}`]),
  ];
}

async function ofEmbedder(collection: Collection, embedder: Embedder, tried: readonly number[]): Promise<string[]> {
  const stores = await throwawayStores(embedder);
  try {
    const texts = await indexTexts(stores, collection.texts);
    const qualityOf = (weights: RankWeights) => quality(collection, texts, weights);
    const [text, vectors, equal] = [await qualityOf(TEXT), await qualityOf(VECTORS), await qualityOf(EQUAL)];
    const own = rankWeights(embedder.model);
    const fused = await qualityOf(own);
    const lines: string[] = [
      `${embedder.model}: nDCG@${CUT} of ${collection.queries.length} queries`,
      row('full text alone', text),
      row('vectors alone', vectors),
      row('fused, both alike', equal),
    ];
    let best: { vector: number; quality: Quality } | null = null;
    for (const vector of tried) {
      const found = await qualityOf({ text: 1, vector });
      lines.push(row(`fused, vectors ${vector}`, found));
      if (best === null || found.odd > best.quality.odd) best = { vector, quality: found };
    }
    const alone = (half: keyof Quality) => Math.max(text[half], vectors[half]);
    return [
      ...lines,
      row(`best of the odd ones: ${best!.vector}`, best!.quality),
      row(`as it is: vectors ${own.vector}`, fused),
      ...(['odd', 'even', 'all'] as const).map(
        (half) => `  fused against each alone, ${half}: ${atLeast(`fused, ${half}`, fused[half], alone(half))}`,
      ),
    ];
  } finally {
    await stores.end();
    await embedder.close();
  }
}

async function quality({ queries, relevant }: Collection, texts: IndexedTexts, weights: RankWeights): Promise<Quality> {
  const sums = { odd: 0, even: 0 };
  const counts = { odd: 0, even: 0 };
  for (const [at, { id, text }] of queries.entries()) {
    const half = at % 2 === 0 ? 'odd' : 'even';
    sums[half] += ndcg(await texts.rank(text, CUT, weights), relevant.get(id) ?? new Set());
    counts[half] += 1;
  }
  return {
    odd: sums.odd / counts.odd,
    even: sums.even / counts.even,
    all: (sums.odd + sums.even) / (counts.odd + counts.even),
  };
}

function row(name: string, { odd, even, all }: Quality): string {
  const shown = (value: number) => value.toFixed(3);
  return `  ${name.padEnd(28)} odd ${shown(odd)}   even ${shown(even)}   all ${shown(all)}`;
}
