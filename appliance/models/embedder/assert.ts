import { FrostbyteError } from '../../kernel/errors.ts';
import { DIMENSIONS } from './port.ts';

/** How far from 1 the L2 norm may be: float32 rounding stays far below it, a vector that was not normalised does not. */
const NORM_TOLERANCE = 1e-3;

/**
 * Throws `DIMENSION_MISMATCH` unless there are `count` vectors of exactly 768 finite numbers and norm 1 (spec 2 D).
 * An all-zero vector passes: it stands for a text without a token. O(count × dimensions).
 */
export function assertVectors(vectors: readonly Float32Array[], count: number): void {
  if (vectors.length !== count) refuse('count', vectors.length, `${count} vectors`);
  for (const vector of vectors) {
    if (!(vector instanceof Float32Array) || vector.length !== DIMENSIONS) {
      refuse('dimensions', vector?.length, `exactly ${DIMENSIONS}`);
    }
    let squares = 0;
    for (const number of vector) squares += number * number;
    if (!Number.isFinite(squares)) refuse('numbers', undefined, 'finite');
    if (squares !== 0 && Math.abs(Math.sqrt(squares) - 1) > NORM_TOLERANCE) refuse('norm', Math.sqrt(squares), '1');
  }
}

function refuse(field: string, value: unknown, constraint: string): never {
  throw new FrostbyteError('DIMENSION_MISMATCH', 'The embedder did not return the vectors that the index takes.', {
    details: [{ field, value, constraint }],
  });
}
