import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { openPostgres } from '../../appliance/stores/postgres/connection.ts';
import { migrate } from '../../appliance/stores/postgres/migrate.ts';
import type { PostgresOptions } from '../../appliance/stores/postgres/options.ts';
import type { Migration } from '../../appliance/stores/shared/migration.ts';
import { openSqlite } from '../../appliance/stores/sqlite/open.ts';

/**
 * A release that comes behind this one: the same sources with a migration in every store, a setting more, and another version
 * (`test/fixtures/next-release/`). So what is upgraded in tests is the release that ships, and what it runs on after a rollback
 * is a schema that it never saw.
 */

export const NEXT_VERSION = '0.2.0';
/** A setting that the next release knows, and this one does not. */
export const NEXT_SETTING = 'upgrade_notice';

const FOLDER = join(import.meta.dirname, '../fixtures/next-release');
/** Where the next migration of each store goes. */
const STORES = Object.freeze({
  registry: { sqlite: 'appliance/control/migrations/sqlite' },
  records: {
    sqlite: 'appliance/stores/record/migrations/sqlite',
    postgres: 'appliance/stores/record/migrations/postgres',
  },
  log: { sqlite: 'appliance/stores/log/migrations/sqlite', postgres: 'appliance/stores/log/migrations/postgres' },
  queue: { sqlite: 'appliance/stores/queue/migrations/sqlite' },
  vectors: { sqlite: 'appliance/stores/vector/migrations/sqlite' },
});
export type MigratedStore = keyof typeof STORES;

const sqlOf = (store: string, dialect: string): string => readFileSync(join(FOLDER, `${store}.${dialect}.sql`), 'utf8');

/** The migrations of a store with the next release's behind them. */
export function nextMigrations(
  store: MigratedStore,
  dialect: 'sqlite' | 'postgres',
  migrations: readonly Migration[],
): Migration[] {
  const sql = sqlOf(store, dialect);
  const version = migrations.length + 1;
  const name = `${String(version).padStart(4, '0')}-next-release`;
  return [...migrations, { version, name, sha256: sha256Hex(sql), step: 'expand', since: NEXT_VERSION, sql }];
}

/**
 * Brings a file of a store to the schema that the next release leaves behind, as one is that was rolled back in code: what runs on
 * that runs on the plain one, which every appliance in tests has.
 */
export function expandedFile(file: string, store: MigratedStore, migrations: readonly Migration[]): string {
  openSqlite(file, { migrations: nextMigrations(store, 'sqlite', migrations), appliedAt: 'then' }).close();
  return file;
}

/** The same of a schema of a database, by its owner. */
export async function expandSchema(
  database: Omit<PostgresOptions, 'schema' | 'application'>,
  schema: string,
  store: MigratedStore,
  migrations: readonly Migration[],
): Promise<void> {
  const db = openPostgres({ ...database, schema, application: 'next release', connections: 1 });
  try {
    await migrate(db, schema, nextMigrations(store, 'postgres', migrations), 'then');
  } finally {
    await db.close();
  }
}

/** Makes a checkout of this release the next one. Throws where the sources are not as they are expected. */
export function makeNextRelease(folder: string): void {
  for (const [store, dialects] of Object.entries(STORES)) {
    for (const [dialect, place] of Object.entries(dialects)) {
      const count = readFileSync(join(folder, `${place}.gen.ts`), 'utf8').match(/^ {4}version: /gm)!.length;
      const file = join(folder, place, `${String(count + 1).padStart(4, '0')}-next-release.sql`);
      writeFileSync(file, sqlOf(store, dialect));
    }
  }
  replaceIn(join(folder, 'package.json'), '"version": "0.1.0"', `"version": "${NEXT_VERSION}"`);
  replaceIn(
    join(folder, 'appliance/audit/entry.ts'),
    "PIPELINE_VERSION = '0.1.0'",
    `PIPELINE_VERSION = '${NEXT_VERSION}'`,
  );
  replaceIn(
    join(folder, 'appliance/config/schema.ts'),
    "  drain_seconds: z.number().int().min(0).max(60).describe('How long a suspended tenant’s work in flight may go on'),\n",
    (line) => `${line}  ${NEXT_SETTING}: z.string().max(200).describe('A line of the next release'),\n`,
  );
  replaceIn(
    join(folder, 'appliance/config/schema.ts'),
    "    data_folder: './frostbyte-data',\n",
    (line) => `${line}    ${NEXT_SETTING}: '',\n`,
  );
  const facts = join(folder, 'manifests/release.json');
  const written = JSON.parse(readFileSync(facts, 'utf8')) as { counters: Record<string, number> };
  const counters = { ...written.counters, [NEXT_VERSION]: Math.max(...Object.values(written.counters)) + 1 };
  const upgrade_from = { at_least: '0.1.0', below: NEXT_VERSION };
  writeFileSync(facts, `${JSON.stringify({ ...written, counters, upgrade_from }, null, 2)}\n`);
}

/** The same release with a search that finds nothing: it comes up healthy, and what it is tried with says what it is worth. */
export function makeFailingRelease(folder: string): void {
  makeNextRelease(folder);
  replaceIn(
    join(folder, 'appliance/data/6-serve/search.ts'),
    'if (filters.classification?.length === 0 || filters.doc_ids?.length === 0) return answer([], 0);',
    'return answer([], 0);',
  );
}

function replaceIn(file: string, what: string, by: string | ((what: string) => string)): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(what)) throw new Error(`${file} has no ${what}`);
  writeFileSync(
    file,
    text.replace(what, () => (typeof by === 'string' ? by : by(what))),
  );
}
