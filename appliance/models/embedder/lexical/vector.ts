import { DIMENSIONS } from '../port.ts';
import { type Feature, featuresOf } from './features.ts';
import { hash32, mix32 } from './hash.ts';

/** Places of the vector that each feature adds to, with a sign of its own in each: more places, fewer false meetings. */
const PLACES = 8;
/** How fast further occurrences lose weight: the n-th counts n(k+1)/(n+k), between 1 and k+1. */
const SATURATION = 3;

/**
 * The vector of a text: signed feature hashing, L2-normalised; all zero only for a text without a token. O(n).
 *
 * The same bits on every machine: only +, −, ×, ÷ and √ are used, which IEEE 754 rounds exactly, in a fixed order and
 * in float64, and each number is rounded once to float32. No logarithm: `Math.log` may differ in the last bit between
 * machines, so counts saturate by a fraction instead.
 */
export function lexicalVector(text: string): Float32Array {
  const { words, pairs, pieces } = featuresOf(text);
  const sums = new Float64Array(DIMENSIONS);
  scatter(sums, words, 1);
  scatter(sums, pairs, 2);
  scatter(sums, pieces, 3);
  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const vector = new Float32Array(DIMENSIONS);
  if (squares === 0) {
    // Features that cancelled each other out leave a token without a vector; its first feature stands for the text.
    const [first] = words.keys();
    if (first !== undefined) vector[hash32(first, 1) % DIMENSIONS] = 1;
    return vector;
  }
  const norm = Math.sqrt(squares);
  for (let i = 0; i < DIMENSIONS; i++) vector[i] = sums[i]! / norm;
  return vector;
}

function scatter(sums: Float64Array, features: ReadonlyMap<string, Feature>, seed: number): void {
  for (const [name, { count, weight }] of features) {
    const share = (weight * count * (SATURATION + 1)) / (count + SATURATION);
    let hash = hash32(name, seed);
    for (let place = 0; place < PLACES; place++) {
      hash = mix32(hash + 0x9e3779b9);
      const index = (hash >>> 1) % DIMENSIONS;
      sums[index] = sums[index]! + ((hash & 1) === 1 ? share : -share);
    }
  }
}
