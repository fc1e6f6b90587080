import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Migration } from '../shared/migration.ts';
import { storeError } from './errors.ts';
import { needFile, writersOf } from './file.ts';
import { isCurrent, migrate } from './migrate.ts';
import { wipe } from './wipe.ts';

/** How long a statement waits for another process's write, in milliseconds. Writes take a few, so this means trouble. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * How often a writer asks for its turn, in milliseconds. SQLite's own waiting grows to a tenth of a second between two
 * looks, so that a process which commits one thing after another (a worker) is always there first and a search waits.
 */
const TURN_MS = 1;

/** How long `forget` waits for readers before it leaves the log for later. */
const FORGET_TIMEOUT_MS = 250;

export interface OpenOptions {
  migrations: readonly Migration[];
  /** The server's time, for the ledger of migrations. */
  appliedAt: string;
  /** Opens for reading: no file is made, no migration runs, every write is refused with `STORE_READ_ONLY`. */
  readonly?: boolean;
  /** Runs on the raw connection before the migrations: loading an extension whose tables they create. */
  prepare?: (db: Database.Database) => void;
  /** Bytes of a page, for a file that does not exist yet; SQLite's own default otherwise. */
  pageSize?: number;
  /** Reads every page before anything else, O(file): `STORE_CORRUPTED` now instead of at some later statement. */
  verify?: boolean;
  /** False for a store that may lose its last second to a power cut (never its wholeness): commits are not synced. */
  durable?: boolean;
}

type Value = string | number | bigint | null | Uint8Array;
type Parameters = readonly Value[] | Record<string, Value>;

/**
 * One connection to one SQLite file, the way every embedded store uses it. Statements are prepared once and kept.
 * All methods throw `FrostbyteError` (`storeError`).
 */
export interface SqliteConnection {
  readonly raw: Database.Database;
  /** The first row, or undefined. */
  get<Row>(sql: string, parameters?: Parameters): Row | undefined;
  all<Row>(sql: string, parameters?: Parameters): Row[];
  /** Returns the number of rows changed. */
  run(sql: string, parameters?: Parameters): number;
  /** One write transaction (BEGIN IMMEDIATE), durable on return; a throw rolls all of it back. */
  write<Result>(work: () => Result): Result;
  /**
   * As `write`, but a power cut may undo it together with nothing that was written durably before: for what is made
   * again anyway. The next durable write makes it durable too. Saves a sync, most of what a small commit costs.
   */
  jot<Result>(work: () => Result): Result;
  /** One read transaction: every statement in it sees the same state. */
  read<Result>(work: () => Result): Result;
  /**
   * Folds the write-ahead log into the file and cuts it to nothing, so that no page of erased text stays behind in it.
   * Never throws, as the change itself is durable: where a reader in another process holds it back, it answers false and
   * is tried again after every later write and `check`, and when the last connection closes.
   */
  forget(): boolean;
  /**
   * As `forget`, and overwrites what rows that are gone left behind in unused places of the file, which SQLite does not
   * do. Calls at the same time share one pass. O(file) to read; others go on meanwhile.
   */
  wipe(): Promise<boolean>;
  /**
   * Gives back to the disk what deleted rows took. Where another process is in the way, the room is used again instead.
   * O(rows that are left).
   */
  compact(): void;
  /** Throws unless the file answers, is whole at the top and, when opened for writing, takes a write. */
  check(): void;
  /** Bytes of the file in use, the write-ahead log apart. */
  bytes(): number;
  close(): void;
}

/**
 * Opens (and for writing makes, mode 0600) a database and brings its schema up to date. Links are not followed. Throws
 * `STORE_UNAVAILABLE`, `STORE_CORRUPTED`, `STORE_READ_ONLY`, `DISK_FULL` or `ISOLATION_VIOLATED`.
 *
 * Settings: WAL, so that readers never wait for the writer; every commit synced unless the store says otherwise; foreign keys; deleted content
 * overwritten with zeros; no temporary files, since sorting would put text into them; nothing in the schema trusted.
 */
export function openSqlite(file: string, options: OpenOptions): SqliteConnection {
  const path = resolve(file);
  const readonly = options.readonly ?? false;
  let db: Database.Database | undefined;
  try {
    needFile(path, readonly);
    const others = readonly ? new Set<number>() : writersOf(path);
    const leftover = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    db = new Database(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma('foreign_keys = ON');
    db.pragma('temp_store = MEMORY');
    if (!readonly) {
      if (options.pageSize !== undefined) db.pragma(`page_size = ${options.pageSize}`);
      enterWal(db);
      db.pragma(`synchronous = ${options.durable === false ? 'NORMAL' : 'FULL'}`);
      db.pragma('secure_delete = ON');
    }
    if (options.verify === true) verifyPages(db);
    options.prepare?.(db);
    if (!readonly) migrate(db, options.migrations, options.appliedAt);
    else if (!isCurrent(db, options.migrations)) {
      throw new FrostbyteError('STORE_READ_ONLY', 'The store needs a migration, but was opened for reading.');
    }
    const own = readonly ? [] : [...writersOf(path)].filter((descriptor) => !others.has(descriptor));
    const opened = connection(db, {
      path,
      readonly,
      durable: options.durable !== false,
      descriptor: own.length === 1 ? own[0]! : null,
    });
    // A process that was killed between a change and its `forget` leaves old pages in the log: whoever opens next cuts it.
    if (!readonly && leftover > 0) opened.forget();
    return opened;
  } catch (error) {
    db?.close();
    throw storeError(error);
  }
}

function verifyPages(db: Database.Database): void {
  if (db.pragma('quick_check(1)', { simple: true }) === 'ok') return;
  throw new FrostbyteError('STORE_CORRUPTED', 'The store’s file is damaged. Restore it from a backup.');
}

/**
 * Switches to WAL. The switch needs the file alone and does not wait by itself, so that openers at the same moment
 * refuse each other: try again until the busy timeout is over.
 */
function enterWal(db: Database.Database): void {
  const deadline = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      if (db.pragma('journal_mode = WAL', { simple: true }) === 'wal') return;
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    if (Date.now() > deadline) throw new FrostbyteError('STORE_UNAVAILABLE', 'The store is in use by another process.');
    Atomics.wait(PAUSE, 0, 0, 10);
  }
}

/** What waits for nothing but time. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

function isBusy(error: unknown): boolean {
  return String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
}

interface Opened {
  path: string;
  readonly: boolean;
  durable: boolean;
  /** That SQLite has the file open by; null where it is not known. */
  descriptor: number | null;
}

function connection(db: Database.Database, { path, readonly, durable, descriptor }: Opened): SqliteConnection {
  const statements = new Map<string, Database.Statement>();
  const statement = (sql: string): Database.Statement => {
    let known = statements.get(sql);
    if (known === undefined) {
      known = db.prepare(sql);
      statements.set(sql, known);
    }
    return known;
  };
  const guarded = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      if (!db.open) throw new FrostbyteError('STORE_UNAVAILABLE', 'The store is closed.', { cause: error });
      throw storeError(error);
    }
  };
  let running: Promise<void> = Promise.resolve();
  let next: Promise<boolean> | null = null;
  const transaction = db.transaction((work: () => unknown) => work());
  // A process that was killed may have left its debt in the log.
  let owesForget = !readonly && durable;
  const forget = (): boolean => {
    owesForget = true;
    try {
      db.pragma(`busy_timeout = ${FORGET_TIMEOUT_MS}`);
      const [checkpoint] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      owesForget = checkpoint?.busy !== 0;
    } catch {
      // Stays owed. Trouble with the disk shows itself at the next write.
    } finally {
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
    return !owesForget;
  };
  /** Runs a write transaction as soon as no other process is in one. */
  const inTurn = <Result>(work: () => Result): Result => {
    if (db.inTransaction) return transaction.immediate(work) as Result;
    const deadline = performance.now() + BUSY_TIMEOUT_MS;
    let begun = false;
    const counted = () => {
      begun = true;
      return work();
    };
    statement('PRAGMA busy_timeout = 0').get();
    try {
      for (;;) {
        try {
          return transaction.immediate(counted) as Result;
        } catch (error) {
          if (begun || !isBusy(error) || performance.now() > deadline) throw error;
          Atomics.wait(PAUSE, 0, 0, TURN_MS);
        }
      }
    } finally {
      if (db.open) statement(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`).get();
    }
  };
  const write = <Result>(work: () => Result): Result => {
    const result = guarded(() => inTurn(work));
    if (owesForget && !db.inTransaction) forget();
    return result;
  };
  const jot = <Result>(work: () => Result): Result => {
    if (!durable || db.inTransaction) return write(work);
    db.pragma('synchronous = NORMAL');
    try {
      return write(work);
    } finally {
      db.pragma('synchronous = FULL');
    }
  };
  const pragma = (text: string): number => db.pragma(text, { simple: true }) as number;

  return {
    raw: db,
    get: <Row>(sql: string, parameters: Parameters = []) =>
      guarded(() => statement(sql).get(parameters) as Row | undefined),
    all: <Row>(sql: string, parameters: Parameters = []) => guarded(() => statement(sql).all(parameters) as Row[]),
    run: (sql, parameters = []) => guarded(() => statement(sql).run(parameters).changes),
    write,
    jot,
    read: (work) => guarded(() => transaction.deferred(work)) as never,
    forget,
    compact: () => {
      try {
        db.exec('VACUUM');
      } catch (error) {
        if (!isBusy(error)) throw storeError(error);
      }
    },
    wipe: () => {
      // Whoever asks while one runs has deleted something that it may have passed already: one more serves them all.
      next ??= running.then(() => {
        next = null;
        const mine = wipe({ path, descriptor, db, forget }).catch((error: unknown) => {
          throw db.open ? storeError(error) : new FrostbyteError('STORE_UNAVAILABLE', 'The store is closed.');
        });
        running = mine.then(
          () => undefined,
          () => undefined,
        );
        return mine;
      });
      return next;
    },
    check: () => {
      guarded(() => db.prepare('SELECT count(*) FROM sqlite_master').get());
      if (!readonly) write(() => db.pragma(`user_version = ${pragma('user_version')}`));
    },
    bytes: () => guarded(() => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size')),
    close: () => {
      statements.clear();
      guarded(() => db.close());
    },
  };
}
