import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { openSqlite, type SqliteConnection } from '../../stores/sqlite/open.ts';
import { MIGRATIONS } from '../migrations/sqlite.gen.ts';

/** Control's own SQLite file. Every change and the events about it share one transaction (`registry.write`). */
export type Registry = SqliteConnection;

/**
 * Opens (and makes) the registry and brings its schema up to date. Several processes may have it open: SQLite orders
 * their writes. Throws the errors of `openSqlite`.
 */
export function openRegistry(file: string, clock: Clock): Registry {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    return openSqlite(file, { migrations: MIGRATIONS, appliedAt: clock.iso(), verify: true });
  } catch (error) {
    if (!isFrostbyteError(error, 'STORE_CORRUPTED')) throw error;
    throw new FrostbyteError(
      'STORE_CORRUPTED',
      `The registry ${file} is damaged. Restore the data folder from a backup.`,
      {
        cause: error,
      },
    );
  }
}
