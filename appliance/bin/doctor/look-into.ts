import { chownSync, existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';

/** Somebody else writes at most this long. */
const PATIENCE_MS = 500;
const BESIDE = ['-wal', '-shm'];

/** Opens a SQLite file to look at it: nothing in it changes, and whose it is stays so. Throws as SQLite does. */
export function lookInto<T>(file: string, use: (database: Database.Database) => T): T {
  const before = BESIDE.filter((end) => existsSync(file + end));
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: PATIENCE_MS });
  try {
    return use(database);
  } finally {
    database.close();
    const { uid, gid } = statSync(file);
    // What a reader leaves beside would keep the owner out.
    for (const end of BESIDE)
      if (!before.includes(end) && existsSync(file + end) && process.geteuid?.() === 0) chownSync(file + end, uid, gid);
  }
}
