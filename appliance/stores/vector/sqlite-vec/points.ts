import { float32LittleEndian } from '../../../kernel/digest.ts';
import { instant } from '../../shared/instant.ts';
import type { VectorFilter, VectorPoint } from '../port.ts';
import { checkVector, momentOf } from '../vectors.ts';

/** A point as its row: the columns of `point` but `slot`. */
export type PointRow = [
  chunk_id: string,
  doc_id: string,
  classification: string,
  page: number,
  ingested_at: number,
  vector: Uint8Array,
];

/** Checks a point and gives its row. Throws `DIMENSION_MISMATCH`, or `VALIDATION_ERROR` for a time that is none. */
export function pointRow(point: VectorPoint): PointRow {
  checkVector(point.vector);
  return [
    point.chunk_id,
    point.doc_id,
    point.classification,
    point.page,
    momentOf(point.ingested_at),
    float32LittleEndian(point.vector),
  ];
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
