import type { Embedder } from './port.ts';

/**
 * Evidence of a model that knows meaning: how far the cosine is on its way from `floor`, where nothing is near, to 1. What
 * question and text share in words proves nothing there.
 */
export function cosineEvidence(floor: number): Embedder['evidence'] {
  return (_question, _text, cosine) => Math.min(1, Math.max(0, (cosine - floor) / (1 - floor)));
}
