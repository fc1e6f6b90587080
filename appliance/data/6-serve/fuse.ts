/** One ranking that takes part in a fusion: ids, best first. */
export interface Ranking {
  ids: readonly string[];
  /** How much a place in this ranking counts against the same place in another. One that is 0 takes no part. */
  weight: number;
}

export interface Fused {
  id: string;
  score: number;
  /** Its place in each of the rankings, from 1; null where that one does not hold it. */
  places: (number | null)[];
}

/**
 * How slowly a place loses worth: the first of a ranking is worth 1/(k+1), the n-th 1/(k+n). 60 is the value that the
 * method was published with, and what our own measurements prefer too (20 and 10 lose a little).
 */
export const K = 60;

/**
 * Reciprocal rank fusion (spec 2 E): Σ weight / (k + rank) over the rankings that hold an id, best first, ties by id, so
 * that equal input gives equal output. An id that a ranking repeats counts at its best place. O(n log n).
 */
export function fuseRanks(rankings: readonly Ranking[], k = K): Fused[] {
  const fused = new Map<string, Fused>();
  for (const [which, { ids, weight }] of rankings.entries()) {
    for (const [before, id] of weight > 0 ? [...new Set(ids)].entries() : []) {
      const one = fused.get(id) ?? { id, score: 0, places: rankings.map(() => null) };
      one.score += weight / (k + before + 1);
      one.places[which] = before + 1;
      fused.set(id, one);
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
