import type Database from 'better-sqlite3';
import { type AppliedMigration, isWhole, type Migration } from '../shared/migration.ts';

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at TEXT NOT NULL
) STRICT`;

/**
 * Brings a database to the newest schema: one transaction for each migration, its row inserted first, so that of several
 * processes opening at once one applies it and the others find it done. Throws `STORE_UNAVAILABLE` (kind `never`) when
 * the database was written by a newer build or by one with other migrations: no guess is made about its tables.
 */
export function migrate(db: Database.Database, migrations: readonly Migration[], appliedAt: string): void {
  if (isCurrent(db, migrations)) return;
  db.transaction(() => db.exec(LEDGER)).immediate();
  for (const migration of migrations) {
    const apply = db.transaction(() => {
      const insert = db.prepare(
        'INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      );
      if (insert.run(migration.version, migration.name, migration.sha256, appliedAt).changes === 1)
        db.exec(migration.sql);
    });
    apply.immediate();
  }
  isCurrent(db, migrations);
}

/** True when every migration is applied. Throws as `migrate` does for a schema this build does not know. Only reads. */
export function isCurrent(db: Database.Database, migrations: readonly Migration[]): boolean {
  const ledger = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'").get();
  if (ledger === undefined) return false;
  return isWhole(
    db.prepare<[], AppliedMigration>('SELECT version, name, sha256 FROM schema_migrations').all(),
    migrations,
  );
}
