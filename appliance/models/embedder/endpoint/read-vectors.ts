import { FrostbyteError } from '../../../kernel/errors.ts';
import { meanVector } from '../mean-vector.ts';
import { DIMENSIONS } from '../port.ts';
import { EndpointTrouble } from './trouble.ts';

/**
 * The vectors of an answer, in the order of the texts, whatever order they came in; each of length one. Throws
 * `DIMENSION_MISMATCH` for a vector that has not 768 numbers, or one that is not finite, or no direction at all: nothing
 * of the answer is used then. Throws `EMBEDDER_UNAVAILABLE` where the answer is none, or holds too few, too many or the
 * same twice.
 */
export function readVectors(text: string, count: number): Float32Array[] {
  const answer = json(text);
  const data = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw senseless('is not what was asked for');
  if (data.length !== count) throw senseless(`holds ${data.length} vectors for ${count} texts`);
  const vectors: Float32Array[] = new Array(count);
  for (const item of data as { index?: unknown; embedding?: unknown }[]) {
    const index = item?.index;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count) {
      throw senseless('does not say which vector is whose');
    }
    if (vectors[index] !== undefined) throw senseless('holds the vector of one text twice');
    vectors[index] = readVector(item.embedding);
  }
  return vectors;
}

function readVector(numbers: unknown): Float32Array {
  if (!Array.isArray(numbers)) throw senseless('holds something that is no vector');
  if (numbers.length !== DIMENSIONS) throw mismatch('dimensions', numbers.length, `exactly ${DIMENSIONS}`);
  const vector = new Float32Array(DIMENSIONS);
  let isZero = true;
  for (const [i, number] of numbers.entries()) {
    vector[i] = typeof number === 'number' ? number : Number.NaN;
    if (!Number.isFinite(vector[i])) throw mismatch('numbers', undefined, 'finite');
    if (vector[i] !== 0) isZero = false;
  }
  if (isZero) throw mismatch('norm', 0, 'of a text with words, not 0');
  return meanVector(vector);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error would repeat the text, and is kept nowhere. Some servers write numbers that JSON does not have.
    if (/[[,]\s*(?:NaN|-?Infinity)\b/.test(text)) throw mismatch('numbers', undefined, 'finite');
    throw senseless('is not JSON');
  }
}

function mismatch(field: 'dimensions' | 'numbers' | 'norm', value: unknown, constraint: string): FrostbyteError {
  const mend =
    field === 'dimensions'
      ? `Name a model of ${DIMENSIONS} dimensions in embedder.endpoint.model.`
      : 'Have the model mended there, or name another one in embedder.endpoint.model.';
  return new FrostbyteError(
    'DIMENSION_MISMATCH',
    `The embedding endpoint’s vectors are not those that the index takes: ${field} must be ${constraint}. ${mend}`,
    { details: [{ field, value, constraint }] },
  );
}

function senseless(what: string): EndpointTrouble {
  return new EndpointTrouble(`The embedding endpoint’s answer ${what}.`, { isPassing: true });
}
