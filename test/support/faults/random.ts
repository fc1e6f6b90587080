/** Random numbers that a seed fixes, so that a fault test can be run again as it was. */
export interface Random {
  readonly seed: number;
  /** From 0 up to, not with, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  pick<T>(values: readonly T[]): T;
}

/** The seed of this run: `FROSTBYTE_TEST_SEED`, or the fixed one. */
export const SEED = Number(process.env.FROSTBYTE_TEST_SEED ?? 20_260_101);

/** True when the long versions of the fault tests are asked for. */
export const ALL_FAULTS = process.env.FROSTBYTE_TEST_FAULTS === 'all';

/** A generator of its own for each test (mulberry32): `salt` keeps two tests under one seed apart. */
export function seeded(salt: number, seed = SEED): Random {
  let state = (seed ^ Math.imul(salt + 1, 0x9e3779b1)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    next,
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (values) => values[Math.floor(next() * values.length)]!,
  };
}
