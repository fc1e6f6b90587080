import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * One daemon a data folder. The lock is the kernel's, through an exclusive transaction that is never ended: it goes with
 * the process, however that dies, so there is no stale lock to clean up. Throws `DATA_FOLDER_IN_USE`, `STORE_READ_ONLY`,
 * `DISK_FULL`, `STORE_UNAVAILABLE`.
 */
export function lockDataFolder(file: string): { release(): void } {
  let database: Database.Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite would lock a file that it can only read without a word.
    accessSync(dirname(file), constants.W_OK);
    database = new Database(file, { timeout: 0 });
    database.pragma('journal_mode = DELETE');
    database.exec('BEGIN EXCLUSIVE');
    const held = database;
    return { release: () => void held.close() };
  } catch (cause) {
    database?.close();
    throw refusal(dirname(dirname(file)), cause);
  }
}

function refusal(folder: string, cause: unknown): FrostbyteError {
  const code = String((cause as { code?: unknown }).code);
  if (code.startsWith('SQLITE_BUSY')) {
    return new FrostbyteError(
      'DATA_FOLDER_IN_USE',
      'Another frostbyte daemon works on this data folder. Stop it first, or name another folder with --data.',
      { cause },
    );
  }
  if (['EROFS', 'EACCES', 'EPERM'].includes(code) || code.startsWith('SQLITE_READONLY')) {
    return new FrostbyteError(
      'STORE_READ_ONLY',
      `The data folder ${folder} is read-only or belongs to another user. Make it writable, or name another with --data.`,
      { cause },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT' || code.startsWith('SQLITE_FULL')) {
    return new FrostbyteError('DISK_FULL', `The disk of the data folder ${folder} is full. Free some space.`, {
      cause,
    });
  }
  return new FrostbyteError(
    'STORE_UNAVAILABLE',
    `The data folder ${folder} cannot be locked: is it writable, and on a local disk?`,
    { cause },
  );
}
