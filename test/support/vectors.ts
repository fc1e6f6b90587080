/** Made-up vectors for tests: the same on every run. */

/** A stream of numbers in 0…1 (a 32-bit mixing generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The vector scaled to length one. */
export function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return vector.map((x) => x / norm);
}

/** Unit vectors in directions that have nothing to do with each other. */
export function randomVectors(count: number, seed: number): Float32Array[] {
  const next = randomNumbers(seed);
  return Array.from({ length: count }, () => unit(Float32Array.from({ length: 768 }, () => bell(next))));
}

/** Unit vectors around `clusters` centres; another `seed` gives other vectors around the same centres. */
export function clusteredVectors(
  count: number,
  clusters: number,
  centreSeed: number,
  seed = centreSeed + 1,
): Float32Array[] {
  const centres = randomVectors(clusters, centreSeed);
  return randomVectors(count, seed).map((vector, n) =>
    unit(vector.map((x, i) => 0.8 * x + centres[n % clusters]![i]!)),
  );
}

/** Roughly normal: a sum of four uniform numbers. */
function bell(next: () => number): number {
  return next() + next() + next() + next() - 2;
}
