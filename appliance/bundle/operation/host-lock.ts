import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { diskError, replaceFile } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { Actor } from './events.ts';
import { actorInWords } from './readable-log.ts';

/** Who works on the host, for whoever comes second. */
const Holder = z.strictObject({ command: z.string(), pid: z.number().int(), since: z.string(), by: Actor });
export type Holder = z.infer<typeof Holder>;

/** A lock that nothing refers to would go with the next collection of garbage. */
const held = new Set<Database.Database>();

const LOCK = 'lock';
const HOLDER = 'holder.json';

/**
 * One operation at a time on a host. The lock is the kernel's, through an exclusive transaction that is never ended: it goes
 * with the process, however that dies, so one that died blocks nobody. Throws `OPERATION_RUNNING`, which says who holds it.
 */
export function lockHost(folder: string, holder: Holder): { release(): void } {
  const database = lockFile(join(folder, LOCK), 0);
  if (database === null) throw running(folder);
  try {
    replaceFile(join(folder, HOLDER), `${JSON.stringify(holder)}\n`, 0o644);
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  const release = () => {
    held.delete(database);
    database.close();
  };
  return { release };
}

/**
 * Takes the kernel's lock on a file, and waits for it as long as is said; null where another process has it. It is held until
 * it is closed. Throws as `diskError`.
 */
export function lockFile(file: string, waitMs: number): Database.Database | null {
  let database: Database.Database | undefined;
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    database = new Database(file, { timeout: waitMs });
    // A journal of its own would be left behind by a kill.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    const code = String((error as { code?: unknown }).code);
    if (code.startsWith('SQLITE_BUSY')) return null;
    if (/^SQLITE_(?:CANTOPEN|READONLY|PERM)/.test(code))
      throw diskError(Object.assign(error as Error, { code: 'EACCES' }), file);
    if (code.startsWith('SQLITE_FULL')) throw diskError(Object.assign(error as Error, { code: 'ENOSPC' }), file);
    throw diskError(error, file);
  }
}

function running(folder: string): FrostbyteError {
  const holder = holderOf(folder);
  const who =
    holder === null
      ? 'Another process works on this host.'
      : `${actorInWords(holder.by)} works on this host: ${holder.command}, process ${holder.pid}, since ${holder.since}.`;
  return new FrostbyteError('OPERATION_RUNNING', `${who} Wait until it is done, or look at it: frostbyte plan show.`, {
    details: [{ field: 'host', value: holder?.pid ?? null, constraint: 'one operation at a time' }],
  });
}

/** Whoever holds the lock, or held it last. */
export function holderOf(folder: string): Holder | null {
  try {
    return Holder.safeParse(JSON.parse(readFileSync(join(folder, HOLDER), 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}

/** Whoever works on the host just now: the lock says whether somebody does, and goes with its process however that dies. */
export function workingOn(folder: string): Holder | null {
  return isLocked(join(folder, LOCK)) ? holderOf(folder) : null;
}

/** Whether a process holds the kernel’s lock on a file. Trying to take it would keep away whoever comes at that moment. */
export function isLocked(file: string): boolean {
  try {
    const { ino } = statSync(file);
    return readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.includes('WRITE') && line.includes(`:${ino} `));
  } catch {
    return false;
  }
}
