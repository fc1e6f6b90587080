import type { Statements } from '../../postgres/connection.ts';
import type { Value } from '../../postgres/parameters.ts';
import type { MetadataCondition } from '../port.ts';
import type { DocumentRow } from '../rows.ts';
import { rangesOf, valuesOf } from './metadata-values.ts';
import { insertRows } from './rows.ts';

const DELETE = 'DELETE FROM document_metadata WHERE doc_id = ?';

/**
 * Ids of documents that meet every condition: each condition is a few ranges of the index on place and value. O(values in
 * these ranges).
 */
export const MEETING = `SELECT m.doc_id
  FROM unnest(@conditions::integer[], @places::text[], @least::double precision[], @most::double precision[],
      @above::double precision[], @below::double precision[]) AS w (condition, place, least, most, above, below)
    JOIN document_metadata m ON m.place = w.place AND m.value >= w.least AND m.value <= w.most
  WHERE (w.above IS NULL OR m.value > w.above) AND (w.below IS NULL OR m.value < w.below)
  GROUP BY m.doc_id HAVING count(DISTINCT w.condition) = @wanted::integer`;

/** Conditions as the parameters of `MEETING`. */
export function wanted(conditions: readonly MetadataCondition[]): Record<string, Value> {
  const ranges = conditions.flatMap((condition, at) => rangesOf(condition).map((range) => ({ ...range, at })));
  return {
    conditions: ranges.map(({ at }) => at),
    places: ranges.map(({ place }) => place),
    least: ranges.map(({ least }) => least),
    most: ranges.map(({ most }) => most),
    above: ranges.map(({ above }) => above),
    below: ranges.map(({ below }) => below),
    wanted: conditions.length,
  };
}

/** Ids of the documents that meet every condition, or null where there are more than `limit`. */
export async function documentsWith(
  tx: Statements,
  conditions: readonly MetadataCondition[],
  limit: number,
): Promise<string[] | null> {
  const all = conditions.length === 0;
  const rows = await tx.all<{ doc_id: string }>(
    all ? 'SELECT doc_id FROM documents WHERE erasure_id IS NULL LIMIT @most_rows' : `${MEETING} LIMIT @most_rows`,
    { most_rows: limit + 1, ...(all ? {} : wanted(conditions)) },
  );
  return rows.length > limit ? null : rows.map(({ doc_id }) => doc_id);
}

/** Writes the values of new documents' metadata. */
export async function insertMetadata(tx: Statements, documents: readonly DocumentRow[]): Promise<void> {
  const rows = documents.flatMap(({ doc_id, metadata }) => valuesOf(metadata).map((value) => ({ ...value, doc_id })));
  await insertRows(tx, 'document_metadata', ['place', 'value', 'doc_id'], rows);
}

/** Writes the values of a document's metadata anew, where they changed. */
export async function replaceMetadata(tx: Statements, before: DocumentRow, after: DocumentRow): Promise<void> {
  if (JSON.stringify(before.metadata) === JSON.stringify(after.metadata)) return;
  await tx.run(DELETE, [after.doc_id]);
  await insertMetadata(tx, [after]);
}
