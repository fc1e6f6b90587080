import type { PoolClient } from 'pg';
import { from } from 'pg-copy-streams';
import { heldText } from './parameters.ts';

/** A row by its columns' names. */
export type CopiedRow = Readonly<Record<string, string | number | null>>;

/** Characters that are written at once: so much waits here, however many rows there are. */
const PIECE = 64 * 1024;

/**
 * `COPY … FROM STDIN`: writes rows into columns of a table as one statement, and asks for the next ones when the server has
 * taken those before. Where `rows` throws, the statement is given up, and that error is thrown.
 */
export async function copyRows(
  client: PoolClient,
  table: string,
  columns: readonly string[],
  rows: Iterable<CopiedRow>,
): Promise<void> {
  const copy = client.query(from(`COPY ${table} (${columns.join(', ')}) FROM STDIN`));
  let isOver = false;
  // The server, the network and the time limit may end it at any moment, between two steps too. Then nothing may be written
  // or destroyed any more: the stream has let go of its connection.
  const failed = new Promise<never>((_, reject) => {
    copy.on('error', (error) => {
      isOver = true;
      reject(error);
    });
  });
  failed.catch(() => undefined);
  const step = (begin: (done: () => void) => void) =>
    Promise.race([failed, new Promise<void>((done) => begin(() => done()))]);
  try {
    // One piece at a time: none may wait inside the stream when it fails.
    for (const piece of pieces(columns, rows)) await step((done) => copy.write(piece, done));
  } catch (error) {
    if (!isOver) {
      // The server writes down what it is told here, so it is none of the rows' own words.
      copy.destroy(new Error('the rows could not be made'));
      await failed.catch(() => undefined);
    }
    throw error;
  }
  await step((done) => copy.end(done));
}

/** Rows as lines of the text format, some at once. */
function* pieces(columns: readonly string[], rows: Iterable<CopiedRow>): Iterable<string> {
  let piece = '';
  for (const row of rows) {
    piece += copiedLine(columns, row);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

const NOT_PLAIN = /[\\\n\r\t]/g;
const WRITTEN: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A row as a line of COPY's text format. Throws where a column is missing. */
export function copiedLine(columns: readonly string[], row: CopiedRow): string {
  return `${columns.map((name) => field(name, row[name])).join('\t')}\n`;
}

/** What is no value is `\N`, which no text is: its backslash would be written twice. */
function field(name: string, value: string | number | null | undefined): string {
  if (value === undefined) throw new Error(`The column ${name} is missing.`);
  if (value === null) return '\\N';
  return heldText(String(value)).replace(NOT_PLAIN, (found) => WRITTEN[found] as string);
}
