import type { Statements } from '../../postgres/connection.ts';
import { heldText } from '../../postgres/parameters.ts';
import type { Cell, TableCodec } from '../rules/codec.ts';

/**
 * Inserts many rows in one statement. The server reads them as one JSON text by the table's own columns. `conflict` says
 * what happens to rows that are there. Returns how many were inserted.
 */
export async function insertRows(
  tx: Statements,
  table: string,
  names: readonly string[],
  rows: readonly Record<string, Cell>[],
  conflict = '',
): Promise<number> {
  if (rows.length === 0) return 0;
  const columns = names.join(', ');
  return tx.run(
    `INSERT INTO ${table} (${columns}) SELECT ${columns}
      FROM json_populate_recordset(NULL::${table}, @rows::json) ${conflict}`,
    { rows: heldJson(rows) },
  );
}

/** Rows as JSON whose texts the server can hold. The mark is written as an escape, so that it is not marked again. */
function heldJson(rows: readonly Record<string, Cell>[]): string {
  const json = JSON.stringify(rows, (_, cell) => (typeof cell === 'string' ? heldText(cell) : cell));
  return json.replaceAll('\uffff', '\\uffff');
}

/** One row by a codec, or null. */
export async function getRow<Row>(
  tx: Statements,
  codec: TableCodec<Row>,
  sql: string,
  parameters: readonly Cell[] | Record<string, Cell>,
): Promise<Row | null> {
  const cells = await tx.get<Record<string, Cell>>(sql, parameters);
  return cells ? codec.decode(cells) : null;
}

/** Rows by a codec. */
export async function allRows<Row>(
  tx: Statements,
  codec: TableCodec<Row>,
  sql: string,
  parameters: readonly Cell[] | Record<string, Cell | readonly string[]>,
): Promise<Row[]> {
  return (await tx.all<Record<string, Cell>>(sql, parameters)).map(codec.decode);
}
