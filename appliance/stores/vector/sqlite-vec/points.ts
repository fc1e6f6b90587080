import { float32LittleEndian } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { instant } from '../../sqlite/instant.ts';
import type { VectorFilter, VectorPoint } from '../port.ts';

export const DIMENSIONS = 768;

/** A point as its row: the columns of `point` but `slot`. */
export type PointRow = [
  chunk_id: string,
  doc_id: string,
  classification: string,
  page: number,
  ingested_at: number,
  vector: Uint8Array,
];

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

/** Checks a point and gives its row. Throws `DIMENSION_MISMATCH`, or `VALIDATION_ERROR` for a time that is none. */
export function pointRow(point: VectorPoint): PointRow {
  checkVector(point.vector);
  return [
    point.chunk_id,
    point.doc_id,
    point.classification,
    point.page,
    milliseconds(point.ingested_at),
    float32LittleEndian(point.vector),
  ];
}

/** A stored vector, copied out of SQLite's buffer. */
export function storedVector(bytes: Uint8Array): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  new Uint8Array(vector.buffer).set(bytes);
  if (!LITTLE_ENDIAN) Buffer.from(vector.buffer).swap32();
  return vector;
}

/** A filter with its bounds as numbers; null where it does not restrict. */
export interface ReadyFilter {
  classifications: readonly string[] | null;
  docIds: readonly string[] | null;
  start: number;
  end: number;
}

/**
 * Reads a filter: a list that is empty lets nothing through, a bare day counts whole. Throws `VALIDATION_ERROR` for a
 * time that is none.
 */
export function readyFilter(filter: VectorFilter = {}): ReadyFilter {
  const { start, end } = filter.date_range ?? {};
  return {
    classifications: filter.classification ?? null,
    docIds: filter.doc_ids ?? null,
    start: start === undefined ? -Infinity : Date.parse(instant(start, 'start')),
    end: end === undefined ? Infinity : Date.parse(instant(end, 'end')),
  };
}

function milliseconds(time: string): number {
  const value = Date.parse(time);
  if (Number.isFinite(value)) return value;
  throw new FrostbyteError('VALIDATION_ERROR', 'The time of a point must be ISO 8601.', {
    details: [{ field: 'ingested_at', constraint: 'ISO 8601' }],
  });
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
