export interface RankWeights {
  text: number;
  vector: number;
}

/**
 * How full text and vectors share the ranking, by embedding model. The lexical embedder knows no meaning and no
 * statistics of the collection, so full text leads: its vectors order what words found, and stand in where no word was
 * found (a misspelling, a compound). Measured on a collection of abstracts with human judgements: nDCG@10 .432 with full
 * text alone, .440 with 0.07, .426 with 0.2, .31 with vectors alone; odd and even queries agree.
 */
const BY_MODEL: Readonly<Record<string, RankWeights>> = Object.freeze({
  lexical: { text: 1, vector: 0.07 },
});

/** A model that knows meaning counts as much as full text. */
const EQUAL: RankWeights = Object.freeze({ text: 1, vector: 1 });

export function rankWeights(model: string): RankWeights {
  return Object.hasOwn(BY_MODEL, model) ? BY_MODEL[model]! : EQUAL;
}
