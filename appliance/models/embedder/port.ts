import type { TextLanguage } from '../../kernel/text-language.ts';

/**
 * Turns texts into vectors. Every vector an embedder returns has exactly `dimensions` numbers, all finite, L2 norm 1
 * (an all-zero vector is allowed only for a text without a single token). Callers check this again (`assertVectors`).
 */
export interface Embedder {
  /** Name and version travel with every vector (spec 2 D). */
  readonly model: string;
  readonly version: string;
  readonly dimensions: 768;
  /** What `evidence` must reach for a hit to be strong evidence: the model's own calibration. Between 0 and 1. */
  readonly evidenceThreshold: number;
  /** Vectors in the order of `texts`. Throws `EMBEDDER_UNAVAILABLE` when it cannot answer now. */
  embedDocuments(texts: readonly string[]): Promise<Float32Array[]>;
  embedQuery(text: string): Promise<Float32Array>;
  /**
   * How much a found text speaks to a question, 0 (not at all) to 1, from the cosine of the two and, where the model
   * gains by it, from what both say; the text's language, where it is known, tells forms of one word. Pure and quick: no
   * model is asked. O(texts).
   */
  evidence(question: string, text: string, cosine: number, language?: TextLanguage | null): number;
  close(): Promise<void>;
}

export const DIMENSIONS = 768;
