/** Where a ranking is cut. */
export const CUT = 10;

/**
 * Normalised discounted cumulative gain of the first ten: 1 where everything relevant stands first, 0 where nothing
 * relevant is found. Judgements are yes or no.
 */
export function ndcg(ranking: readonly string[], relevant: ReadonlySet<string>): number {
  const gain = (place: number) => 1 / Math.log2(place + 2);
  let found = 0;
  for (const [place, id] of ranking.slice(0, CUT).entries()) if (relevant.has(id)) found += gain(place);
  let best = 0;
  for (let place = 0; place < Math.min(CUT, relevant.size); place++) best += gain(place);
  return best === 0 ? 0 : found / best;
}
