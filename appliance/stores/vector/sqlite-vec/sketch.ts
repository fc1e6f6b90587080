import { DIMENSIONS } from '../vectors.ts';

/**
 * Two bits per dimension: a small picture of a vector that is compared without touching the disk. The levels are those
 * that lose least on a normal distribution with the spread of a unit vector's numbers (1/√768); measured recall at 400
 * candidates is far above that of one bit per dimension, for twice the memory: 192 bytes a point.
 */
export const SKETCH_BYTES = DIMENSIONS / 4;

const SPREAD = 1 / Math.sqrt(DIMENSIONS);
const EDGE = 0.98 * SPREAD;
/** What the four codes stand for, in units of the spread. */
const LEVELS = [-1.51, -0.45, 0.45, 1.51] as const;

/** Writes the sketch of `vector` into `target` at `offset`. O(dimensions). */
export function writeSketch(vector: Float32Array, target: Uint8Array, offset: number): void {
  for (let byte = 0, at = 0; byte < SKETCH_BYTES; byte++) {
    let code = 0;
    for (let place = 0; place < 8; place += 2) {
      const value = vector[at++]!;
      const level = value < 0 ? (value < -EDGE ? 0 : 1) : value > EDGE ? 3 : 2;
      code |= level << place;
    }
    target[offset + byte] = code;
  }
}

/**
 * What each byte of a sketch adds to the estimate, for one query: `table[byte * 256 + code]`. The query keeps its full
 * precision, only the stored side is coarse.
 */
export function scoreTable(query: Float32Array): Float32Array {
  const table = new Float32Array(SKETCH_BYTES * 256);
  for (let byte = 0; byte < SKETCH_BYTES; byte++) {
    for (let code = 0; code < 256; code++) {
      let sum = 0;
      for (let part = 0; part < 4; part++) sum += query[byte * 4 + part]! * LEVELS[(code >> (part * 2)) & 3]!;
      table[byte * 256 + code] = sum;
    }
  }
  return table;
}

/** The estimate for the sketch at `offset`: ordered like the cosine, not equal to it. */
export function estimate(table: Float32Array, sketches: Uint8Array, offset: number): number {
  let first = 0;
  let second = 0;
  for (let byte = 0; byte < SKETCH_BYTES; byte += 2) {
    first += table[byte * 256 + sketches[offset + byte]!]!;
    second += table[byte * 256 + 256 + sketches[offset + byte + 1]!]!;
  }
  return first + second;
}
