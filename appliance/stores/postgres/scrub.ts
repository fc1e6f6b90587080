import type { PoolClient, QueryConfig } from 'pg';
import { FOR_EVER, type PostgresConnection, type Statements } from './connection.ts';

/**
 * Erased content in the files of a database. A deletion only marks rows, and VACUUM frees their places without clearing
 * them: the bytes are gone once something else lies there. So a table is made anew in a new file (VACUUM FULL), as long as
 * that takes about a second; a larger one is vacuumed, and its free places are overwritten in time. What the write-ahead
 * log holds goes with its segments, after two checkpoints at most (docs/decisions/0021-rows-in-postgresql.md).
 */

/** Up to here a table is made anew: its readers and writers wait for it. */
const SMALL_BYTES = 64 * 1024 * 1024;
/** How long it waits for readers that hold the table, in milliseconds. */
const PATIENCE_MS = 1_000;

const OWED = 'SELECT id, table_name FROM unscrubbed ORDER BY id';
const NOTE = 'INSERT INTO unscrubbed (table_name) SELECT unnest(@tables::text[])';
const PAY = 'DELETE FROM unscrubbed WHERE id = ANY (@ids::bigint[])';
/** Names come from the catalogue, so that what stands in the table is never SQL of somebody else's. */
const SIZES = `SELECT c.oid::regclass::text AS name, c.relname AS table_name, pg_total_relation_size(c.oid) AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname = ANY (@tables::text[])`;

/** Notes, inside the transaction of a deletion, in which tables it leaves something behind. */
export async function oweScrub(tx: Statements, tables: Iterable<string>): Promise<void> {
  const names = [...new Set(tables)];
  if (names.length > 0) await tx.run(NOTE, { tables: names });
}

/**
 * Makes the tables anew in which something deleted may still lie. False where a reader holds one back, or may still see
 * what was deleted: ask again. Throws what the database throws, but for waiting in vain.
 */
export async function scrub(db: PostgresConnection): Promise<boolean> {
  const owed = await db.all<{ id: number; table_name: string }>(OWED);
  if (owed.length === 0) return true;
  const tables = await db.all<{ name: string; table_name: string; bytes: number }>(SIZES, {
    tables: [...new Set(owed.map(({ table_name }) => table_name))],
  });
  const clean = new Set<string>();
  await db.alone(async (client) => {
    await client.query(`SET lock_timeout = ${PATIENCE_MS}; SET statement_timeout = 0`);
    try {
      for (const { name, table_name, bytes } of tables) {
        if (await vacuum(client, name, bytes <= SMALL_BYTES)) clean.add(table_name);
      }
    } finally {
      await client.query('RESET lock_timeout; RESET statement_timeout');
    }
  });
  const paid = owed.filter(({ table_name }) => clean.has(table_name));
  if (paid.length > 0) await db.jot((tx) => tx.run(PAY, { ids: paid.map(({ id }) => id) }));
  return paid.length === owed.length;
}

/** What VACUUM tells of rows that somebody may still see. */
const HELD_BACK = /(\d+) (?:dead row versions cannot be removed yet|are dead but not yet removable)/;

/** True when nothing deleted is left in the table. */
async function vacuum(client: PoolClient, table: string, anew: boolean): Promise<boolean> {
  let left: number | undefined;
  const listen = ({ message, detail }: { message?: string | undefined; detail?: string | undefined }) => {
    const told = HELD_BACK.exec(`${message} ${detail}`)?.[1];
    if (told !== undefined) left = (left ?? 0) + Number(told);
  };
  client.on('notice', listen);
  try {
    const text = `VACUUM (${anew ? 'FULL, ' : ''}VERBOSE) ${table}`;
    await client.query({ text, query_timeout: FOR_EVER } as QueryConfig);
    return left === 0;
  } catch (error) {
    if ((error as { code?: unknown }).code === '55P03') return false;
    throw error;
  } finally {
    client.off('notice', listen);
  }
}
