import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { storeError } from '../../../stores/sqlite/errors.ts';

/**
 * Copies a SQLite file as it is at one moment, while others go on writing to it: one read transaction, which in WAL keeps
 * nobody waiting. What was deleted is not in the copy. O(file); needs as much room again. Throws as the embedded stores do.
 */
export function snapshotSqlite(file: string, copy: string): void {
  // Made here, so that its mode is ours whatever the umask is; an empty file is what VACUUM INTO takes.
  closeSync(openSync(copy, 'wx', 0o600));
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 10_000 });
    db.pragma('trusted_schema = OFF');
    db.pragma('temp_store = MEMORY');
    db.prepare('VACUUM INTO ?').run(copy);
  } catch (error) {
    throw storeError(error);
  } finally {
    db?.close();
  }
}
