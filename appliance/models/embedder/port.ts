/**
 * Turns texts into vectors. Every vector an embedder returns has exactly `dimensions` numbers, all finite, L2 norm 1
 * (an all-zero vector is allowed only for a text without a single token). Callers check this again (`assertVectors`).
 */
export interface Embedder {
  /** Name and version travel with every vector (spec 2 D). */
  readonly model: string;
  readonly version: string;
  readonly dimensions: 768;
  /** Cosine at and above which a hit counts as strong, and half of what `partial` needs: the model's own calibration. */
  readonly evidenceThreshold: number;
  /** Vectors in the order of `texts`. Throws `EMBEDDER_UNAVAILABLE` when it cannot answer now. */
  embedDocuments(texts: readonly string[]): Promise<Float32Array[]>;
  embedQuery(text: string): Promise<Float32Array>;
  close(): Promise<void>;
}

export const DIMENSIONS = 768;
