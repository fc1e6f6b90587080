import type { MetadataCondition, ValueRange } from '../port.ts';
import type { RecordContext } from './context.ts';

const LARGEST = Number.MAX_VALUE;

/**
 * Ids of documents that meet every condition of `@metadata`: each condition is a few ranges of the index on field, kind
 * and value. O(values in these ranges).
 */
export const MEETING = `
  WITH wanted AS MATERIALIZED (
    SELECT value->>0 AS condition, value->>1 AS field, value->>2 AS kind, value->>3 AS item,
      value->>4 AS least, value->>5 AS most, value->>6 AS above, value->>7 AS below FROM json_each(@metadata, '$.ranges')
  )
  SELECT m.doc_id FROM wanted w CROSS JOIN document_metadata m
    ON m.field = w.field AND m.kind = w.kind AND m.item = w.item AND m.value >= w.least AND m.value <= w.most
  WHERE (w.above IS NULL OR m.value > w.above) AND (w.below IS NULL OR m.value < w.below)
  GROUP BY m.doc_id HAVING count(DISTINCT w.condition) = @metadata->>'conditions'`;

/** Conditions as the one parameter of `MEETING`. */
export function wanted(conditions: readonly MetadataCondition[]): string {
  const ranges = conditions.flatMap((condition, at) => {
    const { field, kind, of } = condition;
    const place = [at, field, kind, of === 'item' ? 1 : 0];
    return condition.any_of.map((one: string | boolean | ValueRange) => [...place, ...bounds(one)]);
  });
  return JSON.stringify({ conditions: conditions.length, ranges });
}

/** Least, most, above, below. */
function bounds(one: string | boolean | ValueRange): (string | number | null)[] {
  if (typeof one === 'string') return [one, one, null, null];
  if (typeof one === 'boolean') return [Number(one), Number(one), null, null];
  return [one.gte ?? -LARGEST, one.lte ?? LARGEST, one.gt ?? null, one.lt ?? null];
}

export function documentsWith(
  { db }: RecordContext,
  conditions: readonly MetadataCondition[],
  limit: number,
): string[] | null {
  const all = conditions.length === 0;
  const rows = db.all<{ doc_id: string }>(
    all ? 'SELECT doc_id FROM documents WHERE erasure_id IS NULL LIMIT @limit' : `${MEETING} LIMIT @limit`,
    { limit: limit + 1, ...(all ? {} : { metadata: wanted(conditions) }) },
  );
  return rows.length > limit ? null : rows.map(({ doc_id }) => doc_id);
}
