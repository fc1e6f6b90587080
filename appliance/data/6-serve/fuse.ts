/** One ranking that takes part in a fusion: ids, best first. */
export interface Ranking {
  ids: readonly string[];
  /** How much a place in this ranking counts against the same place in another. */
  weight: number;
}

export interface Fused {
  id: string;
  score: number;
}

/**
 * How slowly a place loses worth: the first of a ranking is worth 1/(k+1), the n-th 1/(k+n). 60 is the value that the
 * method was published with, and what our own measurements prefer too (20 and 10 lose a little).
 */
const K = 60;

/**
 * Reciprocal rank fusion (spec 2 E): Σ weight / (k + rank) over the rankings that hold an id, best first, ties by id, so
 * that equal input gives equal output. An id that a ranking repeats counts at its best place. O(n log n).
 */
export function fuseRanks(rankings: readonly Ranking[], k = K): Fused[] {
  const scores = new Map<string, number>();
  for (const { ids, weight } of rankings) {
    for (const [place, id] of [...new Set(ids)].entries()) {
      scores.set(id, (scores.get(id) ?? 0) + weight / (k + place + 1));
    }
  }
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
