import type { PoolClient, QueryConfig } from 'pg';
import { type AppliedMigration, isWhole, type Migration, nextOf } from '../shared/migration.ts';
import { FOR_EVER, type PostgresConnection } from './connection.ts';

/** One lock for all migrations of a database: they are rare, and may touch what the others stand on. */
const LOCK = "hashtextextended('frostbyte migrations', 0)";

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, applied_at text NOT NULL, step text, since text
)`;
/** Ledgers that were made before a migration said what it does lack these. */
const LATER = 'ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS step text, ADD COLUMN IF NOT EXISTS since text';
const INSERT = `INSERT INTO schema_migrations (version, name, sha256, applied_at, step, since)
  VALUES ($1, $2, $3, $4, $5, $6)`;
// By way of JSON: a column that is not there is null.
const APPLIED = `SELECT version, name, sha256, to_jsonb(m) ->> 'step' AS step, to_jsonb(m) ->> 'since' AS since
  FROM schema_migrations m ORDER BY version`;

/**
 * Brings a schema of a database to its newest form: one transaction for each migration, its row inserted first, all under
 * an advisory lock, so that of several processes one applies them and the others find them done. Killed at any point, the
 * next call goes on behind the last whole one. What a newer release added is let be. Throws `STORE_UNAVAILABLE` (kind `never`)
 * as `isWhole` does.
 */
export function migrate(
  db: PostgresConnection,
  schema: string,
  migrations: readonly Migration[],
  appliedAt: string,
): Promise<void> {
  return db.alone(async (client) => {
    await underLock(client, async () => {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
      await client.query(LEDGER);
    });
    for (;;) {
      const isDone = await underLock(client, async () => {
        const { rows } = await client.query<AppliedMigration>(APPLIED);
        if (isWhole(rows, migrations)) return true;
        const { version, name, sha256, step, since, sql } = nextOf(rows, migrations) as Migration;
        await client.query(LATER);
        await client.query(INSERT, [version, name, sha256, appliedAt, step, since]);
        // However long it takes: half of it is none of it.
        await client.query('SET LOCAL statement_timeout = 0');
        await client.query({ text: sql, query_timeout: FOR_EVER } as QueryConfig);
        return false;
      });
      if (isDone) return;
    }
  });
}

/** True when every migration is applied. Throws as `migrate` does for a schema this build does not know. Only reads. */
export async function isCurrent(
  db: PostgresConnection,
  schema: string,
  migrations: readonly Migration[],
): Promise<boolean> {
  const ledger = await db.get<{ found: boolean }>('SELECT to_regclass(?) IS NOT NULL AS found', [
    `${schema}.schema_migrations`,
  ]);
  if (!ledger?.found) return false;
  return isWhole(await db.all<AppliedMigration>(APPLIED), migrations);
}

/** One transaction in which nobody else changes a schema of the database, or what is granted in it. */
export async function underLock<Result>(client: PoolClient, work: () => Promise<Result>): Promise<Result> {
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
