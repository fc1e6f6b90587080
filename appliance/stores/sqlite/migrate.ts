import type Database from 'better-sqlite3';
import { type AppliedMigration, isWhole, type Migration } from '../shared/migration.ts';

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL, step TEXT, since TEXT
) STRICT`;
/** What ledgers lack that were made before a migration said what it does. */
const LATER = ['step', 'since'] as const;
const INSERT = `INSERT INTO schema_migrations (version, name, sha256, applied_at, step, since) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

/**
 * Brings a database to the newest schema: one transaction for each migration, its row inserted first, so that of several
 * processes opening at once one applies it and the others find it done. What a newer release added is let be. Throws
 * `STORE_UNAVAILABLE` (kind `never`) as `isWhole` does.
 */
export function migrate(db: Database.Database, migrations: readonly Migration[], appliedAt: string): void {
  if (isCurrent(db, migrations)) return;
  db.transaction(() => {
    db.exec(LEDGER);
    const columns = db.prepare("SELECT name FROM pragma_table_info('schema_migrations')").pluck().all();
    for (const column of LATER)
      if (!columns.includes(column)) db.exec(`ALTER TABLE schema_migrations ADD COLUMN ${column} TEXT`);
  }).immediate();
  for (const { version, name, sha256, step, since, sql } of migrations) {
    const apply = db.transaction(() => {
      if (db.prepare(INSERT).run(version, name, sha256, appliedAt, step, since).changes === 1) db.exec(sql);
    });
    apply.immediate();
  }
  isCurrent(db, migrations);
}

/** True when every migration is applied. Throws as `migrate` does for a schema this build does not know. Only reads. */
export function isCurrent(db: Database.Database, migrations: readonly Migration[]): boolean {
  const ledger = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'").get();
  if (ledger === undefined) return false;
  return isWhole(db.prepare<[], AppliedMigration>('SELECT * FROM schema_migrations').all(), migrations);
}
