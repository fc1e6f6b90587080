import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * One daemon a data folder. The lock is the kernel's, through an exclusive transaction that is never ended: it goes with
 * the process, however that dies, so there is no stale lock to clean up. Throws `DATA_FOLDER_IN_USE`.
 */
export function lockDataFolder(file: string): { release(): void } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file, { timeout: 0 });
  try {
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if ((cause as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new FrostbyteError(
        'DATA_FOLDER_IN_USE',
        'Another frostbyte daemon works on this data folder. Stop it first, or name another folder with --data.',
        { cause },
      );
    }
    throw new FrostbyteError(
      'STORE_UNAVAILABLE',
      'The data folder cannot be locked: is it writable, and on a local disk?',
      { cause },
    );
  }
  return { release: () => void database.close() };
}
