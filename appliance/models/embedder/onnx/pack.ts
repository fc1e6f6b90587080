/** Tokens of one batch with its padding: a second's work on a few cores, and some tens of megabytes. */
export const MOST_TOKENS = 768;
/** Padding may be this share of a batch, once the batch is large enough to keep the cores busy: more costs more than company gains. */
const MOST_PADDING = 1 / 32;
const ENOUGH_TOKENS = 64;

/**
 * Packs what is to be embedded into batches, by length, the longest first: each batch is as long as its longest, so that
 * what stands together should be alike. Answers the places of `lengths` in each batch, every place once. One that is longer
 * than a batch may be is alone. O(n log n).
 */
export function packByLength(lengths: readonly number[], most = MOST_TOKENS): number[][] {
  const places = lengths.map((_, i) => i).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  let tokens = 0;
  for (const place of places) {
    const width = lengths[batch[0] ?? place]!;
    const whole = width * (batch.length + 1);
    const padding = whole - tokens - lengths[place]!;
    if (batch.length > 0 && (whole > most || (tokens >= ENOUGH_TOKENS && padding > whole * MOST_PADDING))) {
      batches.push(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(place);
    tokens += lengths[place]!;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
