export interface RankWeights {
  text: number;
  vector: number;
}

/**
 * How full text and vectors share the ranking, by embedding model, as measured on a collection of abstracts with human
 * judgements: the weight is the best of the odd queries (`make bench QUESTION=retrieval`, docs/decisions). The lexical
 * embedder knows no meaning and no statistics of the collection, so full text leads: its vectors order what words found,
 * and stand in where no word was found (a misspelling, a compound). A model that knows meaning leads itself.
 */
const BY_MODEL: Readonly<Record<string, RankWeights>> = Object.freeze({
  lexical: { text: 1, vector: 0.05 },
  'all-mpnet-base-v2': { text: 1, vector: 1.5 },
});

/** A model that was not measured counts as much as full text: less than the best weight by little, for the one that was. */
const EQUAL: RankWeights = Object.freeze({ text: 1, vector: 1 });

export function rankWeights(model: string): RankWeights {
  return Object.hasOwn(BY_MODEL, model) ? BY_MODEL[model]! : EQUAL;
}
