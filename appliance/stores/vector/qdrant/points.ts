import { float32LittleEndian } from '../../../kernel/digest.ts';
import { pointId } from '../../../kernel/ids.ts';
import { instant } from '../../shared/instant.ts';
import type { VectorFilter, VectorPoint } from '../port.ts';
import { checkVector, momentOf, storedVector } from '../vectors.ts';

/** What the index keeps beside a vector. */
export interface Payload {
  chunk_id: string;
  doc_id: string;
  classification: string;
  page: number;
  ingested_at: string;
  /** The vector's bytes in base64, where the server will not keep it bit for bit. */
  bits?: string;
}

/** Distance from length one, squared, up to which the server leaves a vector as it is; half of what it grants. */
const NEAR_ONE = 5e-7;

/** Checks a point and makes it the server's. Throws `DIMENSION_MISMATCH`, or `VALIDATION_ERROR` for a time that is none. */
export function toPoint(point: VectorPoint): { id: string; vector: number[]; payload: Record<string, unknown> } {
  checkVector(point.vector);
  const payload: Payload = {
    chunk_id: point.chunk_id,
    doc_id: point.doc_id,
    classification: point.classification,
    page: point.page,
    ingested_at: new Date(momentOf(point.ingested_at)).toISOString(),
    ...(isKept(point.vector) ? {} : { bits: Buffer.from(float32LittleEndian(point.vector)).toString('base64') }),
  };
  return { id: pointId(point.chunk_id), vector: Array.from(point.vector), payload: { ...payload } };
}

/** A point's vector as it was handed over. */
export function toVector(vector: unknown, payload: Pick<Payload, 'bits'>): Float32Array {
  if (payload.bits !== undefined) return storedVector(Buffer.from(payload.bits, 'base64'));
  return Float32Array.from(vector as number[]);
}

/** The server brings vectors to length one unless they are near it or zero, and JSON knows no negative zero. */
function isKept(vector: Float32Array): boolean {
  let square = 0;
  for (const x of vector) {
    if (Object.is(x, -0)) return false;
    square += x * x;
  }
  return square === 0 || Math.abs(square - 1) <= NEAR_ONE;
}

/**
 * A filter as the server's conditions; null where an empty list lets nothing through. A bare day counts whole. Throws
 * `VALIDATION_ERROR` for a time that is none.
 */
export function toFilter({ classification, doc_ids, date_range = {} }: VectorFilter = {}): { must: object[] } | null {
  const must: object[] = [];
  for (const [key, any] of [
    ['classification', classification],
    ['doc_id', doc_ids],
  ] as const) {
    if (any === undefined) continue;
    if (any.length === 0) return null;
    must.push({ key, match: { any: [...any] } });
  }
  const range = {
    ...(date_range.start === undefined ? {} : { gte: instant(date_range.start, 'start') }),
    ...(date_range.end === undefined ? {} : { lte: instant(date_range.end, 'end') }),
  };
  if (Object.keys(range).length > 0) must.push({ key: 'ingested_at', range });
  return { must };
}
