/** Numbers by the names of their series. */
export type Sample = Readonly<Record<string, number>>;

export interface Taken {
  /** Seconds since 1970. */
  at: number;
  sample: Sample;
}

/** A grid of time on which samples are kept: one every so many seconds, for so many seconds. */
export interface Step {
  seconds: number;
  keeps: number;
}

/** The grids, finest first: a day by the minute, a month by the quarter of an hour. */
export const STEPS: readonly Step[] = Object.freeze([
  { seconds: 60, keeps: 86_400 },
  { seconds: 900, keeps: 31 * 86_400 },
]);

/** The whole box, beside its tenants. */
export const WHOLE = '';

/**
 * What was measured over time, in a ring: as much as `STEPS` keep, and never more. It may lose its last minute to a power
 * cut. Nothing in it is content: numbers, and names of series.
 */
export interface MeasureStore {
  /** Keeps a sample of each, once on each grid: a second within the same step counts for nothing. O(tenants). */
  add(at: number, samples: ReadonlyMap<string, Sample>): void;
  /** Samples from a moment on, oldest first, on the finest grid that reaches back so far. */
  since(tenantId: string, from: number, now: number): { step: number; taken: Taken[] };
  /** Removes what there is of a tenant. */
  forget(tenantId: string): void;
  close(): void;
}
