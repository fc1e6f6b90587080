/** Questions about samples over time, as Prometheus answers them. All pure. */

export interface Taken {
  at: number;
  sample: Readonly<Record<string, number>>;
}

/** How much a counter rose over the samples: what it lost, because its process began anew, is not taken off. O(n). */
export function increase(taken: readonly Taken[], series: string): number {
  let sum = 0;
  for (let at = 1; at < taken.length; at++) sum += risen(taken[at - 1]!, taken[at]!, series);
  return sum;
}

/** Of several counters. */
export function increaseOf(taken: readonly Taken[], series: readonly string[]): number {
  return series.reduce((sum, one) => sum + increase(taken, one), 0);
}

/** Between two samples. A counter that was not there yet begins at nothing. */
export function risen(before: Taken, after: Taken, series: string): number {
  const [was, is] = [before.sample[series] ?? 0, after.sample[series] ?? 0];
  return is >= was ? is - was : is;
}

/** All series whose names begin so. */
export function seriesBelow(taken: readonly Taken[], prefix: string): string[] {
  return [
    ...new Set(taken.flatMap(({ sample }) => Object.keys(sample).filter((name) => name.startsWith(prefix)))),
  ].sort();
}

/**
 * The value that a share `q` of what was observed stayed under, from a histogram's buckets, straight between two bounds;
 * null where nothing was observed. What lies above the last bound counts as that bound.
 */
export function quantile(taken: readonly Taken[], histogram: string, q: number): number | null {
  const buckets = seriesBelow(taken, `${histogram}.le.`)
    .map((name) => ({ le: boundOf(name), count: increase(taken, name) }))
    .sort((a, b) => a.le - b.le);
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return null;
  const rank = q * total;
  let [below, bound] = [0, 0];
  for (const { le, count } of buckets) {
    if (count >= rank)
      return le === Number.POSITIVE_INFINITY ? bound : bound + ((rank - below) / (count - below)) * (le - bound);
    [below, bound] = [count, le];
  }
  return bound;
}

function boundOf(name: string): number {
  const text = name.slice(name.lastIndexOf('.le.') + 4);
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text);
}

/** Samples of the last seconds before a moment. */
export function last(taken: readonly Taken[], seconds: number, now: number): Taken[] {
  return taken.filter(({ at }) => at > now - seconds - 1 && at <= now);
}

/** The straight line through the sums of some series: its value after so many seconds more; null for fewer than two. */
export function predicted(taken: readonly Taken[], prefix: string, ahead: number): number | null {
  if (taken.length < 2) return null;
  const series = seriesBelow(taken, prefix);
  const points = taken.map(({ at, sample }) => ({ at, sum: series.reduce((sum, one) => sum + (sample[one] ?? 0), 0) }));
  const from = points[0]!.at;
  const [middle, mean] = [avg(points.map(({ at }) => at - from)), avg(points.map(({ sum }) => sum))];
  const spread = points.reduce((sum, { at }) => sum + (at - from - middle) ** 2, 0);
  if (spread === 0) return null;
  const slope = points.reduce((sum, one) => sum + (one.at - from - middle) * (one.sum - mean), 0) / spread;
  return mean + slope * (points.at(-1)!.at - from + ahead - middle);
}

function avg(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
