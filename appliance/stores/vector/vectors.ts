import { FrostbyteError } from '../../kernel/errors.ts';

/** What every index asks of a point, and how vectors lie in bytes. */

export const DIMENSIONS = 768;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Throws `DIMENSION_MISMATCH` unless `vector` has 768 finite numbers (spec 2 D). O(dimensions).
 */
export function checkVector(vector: Float32Array): void {
  if (!(vector instanceof Float32Array) || vector.length !== DIMENSIONS) {
    throw new FrostbyteError('DIMENSION_MISMATCH', `A vector must have exactly ${DIMENSIONS} numbers.`, {
      details: [{ field: 'vector', value: vector?.length, constraint: `length ${DIMENSIONS}` }],
    });
  }
  for (let i = 0; i < DIMENSIONS; i++) {
    if (!Number.isFinite(vector[i])) {
      throw new FrostbyteError('DIMENSION_MISMATCH', 'A vector holds a number that is not finite.', {
        details: [{ field: 'vector', value: i, constraint: 'finite' }],
      });
    }
  }
}

/** A stored vector, copied out of the bytes it lies in, little-endian. */
export function storedVector(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  new Uint8Array(vector.buffer).set(bytes);
  if (!LITTLE_ENDIAN) Buffer.from(vector.buffer).swap32();
  return vector;
}

/** The time of a point in milliseconds. Throws `VALIDATION_ERROR` for one that is none. */
export function momentOf(time: string): number {
  const value = Date.parse(time);
  if (Number.isFinite(value)) return value;
  throw new FrostbyteError('VALIDATION_ERROR', 'The time of a point must be ISO 8601.', {
    details: [{ field: 'ingested_at', constraint: 'ISO 8601' }],
  });
}
