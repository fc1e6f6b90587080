import type { Statements } from '../../postgres/connection.ts';
import type { Keyset } from '../port.ts';
import type { Cell } from '../rules/codec.ts';
import { type ListShape, placeOf } from '../rules/cursor.ts';

/**
 * One page, newest first unless `sort` is `asc`. A cursor is the id of the last row seen: the page begins behind the place
 * of that row, found through the list's index in O(log rows + limit). Throws `VALIDATION_ERROR` for a cursor that names no
 * row.
 */
export async function readPage(
  tx: Statements,
  shape: ListShape,
  page: Keyset & { sort?: 'asc' | 'desc' },
  filters: Readonly<Record<string, Cell | undefined>>,
): Promise<Record<string, Cell>[]> {
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
    placeOf(await tx.get(shape.cursor, [page.after])).forEach((value, at) => {
      parameters[`place${at}`] = value;
    });
    const beyond = ascending ? '>' : '<';
    conditions.push(`(${shape.order.join(', ')}) ${beyond} (${shape.order.map((_, at) => `@place${at}`).join(', ')})`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const order = shape.order.map((column) => `${column} ${ascending ? 'ASC' : 'DESC'}`).join(', ');
  return tx.all(
    `SELECT ${shape.select} FROM ${shape.from} ${where} ORDER BY ${order} LIMIT @limit OFFSET @offset`,
    parameters,
  );
}

const TALLY = `SELECT coalesce(sum(entries), 0)::bigint AS entries, coalesce(sum(bytes), 0)::bigint AS bytes
  FROM tallies WHERE name = @name`;
const TALLY_OF_STATE = `${TALLY} AND state = @state`;

/** Rows of a kind, or of one of its states: the kept total. O(states). */
export async function tally(tx: Statements, name: string, state?: string): Promise<{ entries: number; bytes: number }> {
  const found = await tx.get<{ entries: number; bytes: number }>(
    state === undefined ? TALLY : TALLY_OF_STATE,
    state === undefined ? { name } : { name, state },
  );
  return found ?? { entries: 0, bytes: 0 };
}

const KEEP = `SELECT keep_tally(t.name, t.state, t.entries, 0)
  FROM unnest(@names::text[], @states::text[], @moved::bigint[]) AS t (name, state, entries) WHERE t.entries <> 0`;

/** Moves totals that no trigger keeps, in one statement. */
export async function moveTallies(
  tx: Statements,
  moves: readonly (readonly [name: string, state: string, entries: number])[],
): Promise<void> {
  if (moves.every(([, , entries]) => entries === 0)) return;
  await tx.run(KEEP, {
    names: moves.map(([name]) => name),
    states: moves.map(([, state]) => state),
    moved: moves.map(([, , entries]) => entries),
  });
}
