/** Distances below this have a bucket each. */
const EXACT = 8;
/** Of one direction. */
const BUCKETS = 16;

/**
 * The bucket of a relative position (the key's place less the query's): the sixteen for keys before the query and the
 * query itself, then sixteen for keys behind it. From eight places on a bucket spans half an octave,
 * 8 + ⌊log(n/8) / log(128/8) · 8⌋, at most 15. Integers alone, so that no rounding moves a border.
 */
export function bucketOf(distance: number): number {
  const far = Math.abs(distance);
  const first = distance > 0 ? BUCKETS : 0;
  if (far < EXACT) return first + far;
  let bucket = EXACT;
  // n ≥ 8 · 2^(k/2) where n² ≥ 64 · 2^k.
  while (bucket < BUCKETS - 1 && far * far >= EXACT * EXACT * 2 ** (bucket - EXACT + 1)) bucket += 1;
  return first + bucket;
}
