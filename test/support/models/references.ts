import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A text with what the model's original implementation makes of it. */
export interface Reference {
  text: string;
  /** By the publisher's tokenizer, cut at what the model reads. */
  input_ids: number[];
  /** By the model's original implementation, in float32; nothing of it was made with ONNX. */
  vector: number[];
}

const VECTORS = resolve(import.meta.dirname, '../../vectors/mpnet-reference.json');

export const REFERENCES: readonly Reference[] = JSON.parse(readFileSync(VECTORS, 'utf8'));

/** The smallest cosine that is as good as none. */
export const LEAST_COSINE = 0.9999;

/** The cosine of two vectors, whatever their length. */
export function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    dot += a[i]! * b[i]!;
    left += a[i]! ** 2;
    right += b[i]! ** 2;
  }
  return dot / Math.sqrt(left * right);
}
