import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from, to } from 'pg-copy-streams';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { FOR_EVER, openPostgres } from '../postgres/connection.ts';
import { migrate } from '../postgres/migrate.ts';
import { type AppliedMigration, isWhole } from '../shared/migration.ts';
import { MIGRATIONS } from './migrations/postgres.gen.ts';
import type { RecordDatabase } from './postgres.ts';

/** In a schema of their own, as `postgres.ts` has it. */
const SCHEMA = 'records';

/** The records of a database as they are at one moment, for as long as it is read. */
export interface RecordsSnapshot {
  /** The migrations that made its tables. */
  schema: AppliedMigration[];
  /** Its tables, by name. */
  tables: string[];
  documents: number;
  chunks: number;
  /** A table in COPY's text format, its first line the names of its columns: `psql` takes it (`\copy … header match`). */
  table(name: string): AsyncIterable<Uint8Array>;
  /** Documents with the objects that nobody can make anew, in order. */
  documentObjects(): AsyncIterable<DocumentObjects>;
}

export interface DocumentObjects {
  doc_id: string;
  storage_path: string;
  /** SHA-256 of the canonical document that is served; null where none is. */
  canonical: string | null;
}

const TABLES = `SELECT relname AS name FROM pg_class WHERE relnamespace = '${SCHEMA}'::regnamespace
  AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_migrations' ORDER BY relname COLLATE "C"`;
const COUNTS = 'SELECT (SELECT count(*) FROM documents) AS documents, (SELECT count(*) FROM chunks) AS chunks';
const PAGE = 2000;
const DOCUMENTS = `SELECT doc_id, storage_path, served::json ->> 'canonical_sha256' AS canonical FROM documents
  WHERE doc_id > $1 ORDER BY doc_id LIMIT ${PAGE}`;
const GOING = `SELECT d AS doc_id FROM unnest($1::text[]) AS d WHERE NOT EXISTS (SELECT 1 FROM documents WHERE doc_id = d)
  OR EXISTS (SELECT 1 FROM erasures WHERE doc_id = d AND status = 'pending')`;
const IDENTITIES = `SELECT relname AS table, attname AS column FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
  WHERE relnamespace = '${SCHEMA}'::regnamespace AND relkind = 'r' AND attidentity <> ''`;

/** Replaced by the client, which watches over the time of a statement. */
const PATIENTLY = { query_timeout: FOR_EVER, callback: (): void => undefined };

/** A reading of everything takes as long as it takes, and rests while its reader writes. */
const PATIENT = 'SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0';

/**
 * Reads a tenant's records in one repeatable-read transaction: nobody waits for it, and nobody else's change is in it. Throws
 * as every store in PostgreSQL does.
 */
export async function readRecordsSnapshot<T>(
  database: RecordDatabase,
  work: (snapshot: RecordsSnapshot) => Promise<T>,
): Promise<T> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte backup', connections: 1 });
  try {
    return await db.alone(async (client) => {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${PATIENT}`);
      // Where it fails a table may be on its way still: the session ends with the connection, and with it the transaction.
      const done = await work(await snapshotOf(client));
      await client.query('ROLLBACK');
      return done;
    });
  } finally {
    await db.close();
  }
}

async function snapshotOf(client: PoolClient): Promise<RecordsSnapshot> {
  const { rows: schema } = await client.query<AppliedMigration>(
    'SELECT version, name, sha256 FROM schema_migrations ORDER BY version',
  );
  const { rows: tables } = await client.query<{ name: string }>(TABLES);
  const { rows: counts } = await long<{ documents: number; chunks: number }>(client, COUNTS);
  const names = tables.map(({ name }) => name);
  return {
    schema,
    tables: names,
    ...counts[0]!,
    async *table(name) {
      const copy = Object.assign(to(`COPY (SELECT * FROM ${known(name, names)}) TO STDOUT WITH (HEADER)`), PATIENTLY);
      try {
        yield* client.query(copy) as AsyncIterable<Uint8Array>;
      } finally {
        // The client watches its time until it is called, and this kind of stream does not call it.
        copy.callback();
      }
    },
    async *documentObjects() {
      for (let after = ''; ; ) {
        const { rows } = await client.query<DocumentObjects>(DOCUMENTS, [after]);
        yield* rows;
        if (rows.length < PAGE) return;
        after = rows.at(-1)!.doc_id;
      }
    },
  };
}

/** Those of the documents that are not in the records now, or are being erased. */
export async function goneFromRecords(database: RecordDatabase, docIds: readonly string[]): Promise<string[]> {
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte backup', connections: 1 });
  try {
    return await db.alone(async (client) => {
      const { rows } = await client.query<{ doc_id: string }>(GOING, [docIds]);
      return rows.map(({ doc_id }) => doc_id);
    });
  } finally {
    await db.close();
  }
}

/** Takes tables into a database that is empty: nothing of a tenant is in it. */
export interface RecordsIntake {
  /** Writes a table as `RecordsSnapshot.table` gave it. Throws `OBJECT_CORRUPTED` for what the table does not take. */
  table(name: string, lines: AsyncIterable<Uint8Array>): Promise<void>;
  /** Brings the records to the newest form; they can be opened then. */
  end(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Makes the tables of a schema of before in an empty database, for rows that were read there. Throws `STORE_UNAVAILABLE` (kind
 * `never`) for a schema that this build does not know.
 */
export async function beginRecordsIntake(
  database: RecordDatabase,
  { schema, clock }: { schema: readonly AppliedMigration[]; clock: Clock },
): Promise<RecordsIntake> {
  isWhole(schema, MIGRATIONS);
  const db = openPostgres({ ...database, schema: SCHEMA, application: 'frostbyte restore', connections: 1 });
  try {
    await migrate(db, SCHEMA, MIGRATIONS.slice(0, schema.length), clock.iso());
    const names = await db.alone(async (client) =>
      (await client.query<{ name: string }>(TABLES)).rows.map(({ name }) => name),
    );
    return {
      table: (name, lines) => db.alone((client) => takeTable(client, known(name, names), lines)),
      async end() {
        await db.alone(settleTables);
        await migrate(db, SCHEMA, MIGRATIONS, clock.iso());
      },
      close: () => db.close(),
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Rows were whole where they came from: what triggers keep beside them comes as rows of its own. */
async function takeTable(client: PoolClient, name: string, lines: AsyncIterable<Uint8Array>): Promise<void> {
  await client.query(`BEGIN; ${PATIENT}; SET LOCAL session_replication_role = replica`);
  try {
    const copy = from(`COPY ${name} FROM STDIN WITH (HEADER MATCH)`);
    await pipeline(Readable.from(lines), client.query(Object.assign(copy, { query_timeout: FOR_EVER })));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (!isRefusedInput(error)) throw error;
    throw new FrostbyteError('OBJECT_CORRUPTED', `The rows of the table ${name} are not what it takes.`, {
      cause: error,
    });
  }
}

/** Counters go on behind the rows, and the planner knows how many there are. */
async function settleTables(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(IDENTITIES);
  for (const { table, column } of rows) {
    await long(
      client,
      `SELECT setval(pg_get_serial_sequence('${SCHEMA}.${table}', '${column}'), coalesce(max(${column}), 0) + 1, false) FROM ${table}`,
    );
  }
  await long(client, 'ANALYZE');
}

function long<Row extends object>(client: PoolClient, text: string) {
  return client.query<Row>({ text, query_timeout: FOR_EVER } as { text: string });
}

/** Data exceptions and broken constraints (classes 22 and 23 of SQLSTATE). */
const isRefusedInput = (error: unknown): boolean => /^2[23]/.test(String((error as { code?: unknown })?.code ?? ''));

/** Names come from the database itself; one that does not is in no statement. Throws `OBJECT_CORRUPTED`. */
function known(name: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  throw new FrostbyteError('OBJECT_CORRUPTED', `There is no table ${name} in the records of a tenant.`);
}
