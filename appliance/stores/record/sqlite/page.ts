import type { Keyset } from '../port.ts';
import type { Cell } from '../rules/codec.ts';
import { type ListShape, placeOf } from '../rules/cursor.ts';
import type { RecordContext } from './context.ts';

/**
 * One page, newest first unless `sort` is `asc`. A cursor is the id of the last row seen: the page begins behind the place of that row, found
 * through the list's index in O(log rows + limit). Throws `VALIDATION_ERROR` for a cursor that names no row.
 */
export function readPage(
  { db }: RecordContext,
  shape: ListShape,
  page: Keyset & { sort?: 'asc' | 'desc' },
  filters: Readonly<Record<string, Cell | undefined>>,
): Record<string, Cell>[] {
  const conditions: string[] = shape.where === undefined ? [] : [shape.where];
  const parameters: Record<string, Cell> = {
    limit: page.limit,
    offset: page.after === undefined ? (page.offset ?? 0) : 0,
  };
  Object.entries(filters).forEach(([column, value], at) => {
    if (value === undefined) return;
    conditions.push(`${column} = @filter${at}`);
    parameters[`filter${at}`] = value;
  });
  const ascending = page.sort === 'asc';
  if (page.after !== undefined) {
    placeOf(db.get(shape.cursor, [page.after])).forEach((value, at) => {
      parameters[`place${at}`] = value;
    });
    const beyond = ascending ? '>' : '<';
    conditions.push(`(${shape.order.join(', ')}) ${beyond} (${shape.order.map((_, at) => `@place${at}`).join(', ')})`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const order = shape.order.map((column) => `${column} ${ascending ? 'ASC' : 'DESC'}`).join(', ');
  return db.all(
    `SELECT ${shape.select} FROM ${shape.from} ${where} ORDER BY ${order} LIMIT @limit OFFSET @offset`,
    parameters,
  );
}

/** Rows of a kind, or of one of its states: the kept total. O(1). */
export function tally({ db }: RecordContext, name: string, state?: string): { entries: number; bytes: number } {
  const row = db.get<{ entries: number; bytes: number }>(
    'SELECT coalesce(sum(entries), 0) AS entries, coalesce(sum(bytes), 0) AS bytes FROM tallies WHERE name = @name AND (@state IS NULL OR state = @state)',
    { name, state: state ?? null },
  );
  return row ?? { entries: 0, bytes: 0 };
}
