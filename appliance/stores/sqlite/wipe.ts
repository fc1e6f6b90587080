import { fstatSync, fsyncSync, read, readSync, statSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type Database from 'better-sqlite3';
import { gapOf, isSoiled, MOST_PAGES, ZEROS } from './gaps.ts';

/** What one connection's file is wiped by. */
export interface Wiping {
  path: string;
  /** The descriptor that SQLite itself has the file open by; null where it is not known. */
  descriptor: number | null;
  db: Database.Database;
  /** Folds the write-ahead log into the file and cuts it; false where a reader holds it back. */
  forget(): boolean;
}

const readAt = promisify(read);
/** Bytes read at a time while others go on. */
const CHUNK = 4 << 20;
/** Times that the log is folded in before somebody else's writing wins. */
const TRIES = 3;

/**
 * Overwrites what deleted rows left behind in the file: the log is folded in, then the gaps of the tree's pages are set to
 * zeros. Readers and writers go on but for a moment. Resolves to false where somebody holds the log back, and is to be
 * tried again. Without the descriptor (no `/proc`), or with a file beyond 128 GiB, the whole file is made anew instead.
 * O(file) to read, off this thread.
 */
export async function wipe(wiping: Wiping): Promise<boolean> {
  const { db, descriptor, forget } = wiping;
  const seen = changesOf(db);
  if (CLEAN.get(db) === seen) return true;
  if (!forget()) return false;
  const pageSize = db.pragma('page_size', { simple: true }) as number;
  const pages = db.pragma('page_count', { simple: true }) as number;
  if (descriptor === null || pages >= MOST_PAGES) {
    db.exec('VACUUM');
    return forget() && cleanAt(db, seen);
  }
  const soiled = await soiledPages(descriptor, pageSize, pages);
  if (soiled.length === 0) return cleanAt(db, seen);
  for (let tries = 0; tries < TRIES; tries++) {
    if (!db.open) return false;
    if (forget() && overwrite(wiping, descriptor, pageSize, soiled)) return forget() && cleanAt(db, seen);
  }
  return false;
}

/** What the file was like when it was last found clean: where nothing changed since, it still is. */
const CLEAN = new WeakMap<Database.Database, string>();

/** Changes that other connections made, and this one. Our own wiping counts among them, so the next look is one too many. */
function changesOf(db: Database.Database): string {
  const own = db.prepare('SELECT total_changes()').pluck().get() as number;
  return `${db.pragma('data_version', { simple: true })}.${own}`;
}

function cleanAt(db: Database.Database, seen: string): true {
  CLEAN.set(db, seen);
  return true;
}

async function soiledPages(descriptor: number, pageSize: number, pages: number): Promise<number[]> {
  const soiled: number[] = [];
  const chunk = Buffer.alloc(CHUNK);
  for (let page = 1; page <= pages; ) {
    const { bytesRead } = await readAt(descriptor, chunk, 0, CHUNK, (page - 1) * pageSize);
    const whole = Math.floor(bytesRead / pageSize);
    if (whole === 0) break;
    for (let n = 0; n < whole; n++, page++) {
      if (isSoiled(chunk.subarray(n * pageSize, (n + 1) * pageSize), page)) soiled.push(page);
    }
  }
  return soiled;
}

/**
 * Sets the gaps of these pages to zeros while nobody writes. Every connection keeps pages in memory, with their gaps, and
 * would write them back one day: the commit at the end has the others drop theirs, and our own are dropped before.
 */
function overwrite({ db, path }: Wiping, descriptor: number, pageSize: number, soiled: readonly number[]): boolean {
  db.pragma('shrink_memory');
  db.exec('BEGIN IMMEDIATE');
  try {
    // What was written since lies in the log alone, and a page there would win over ours.
    const hasLog = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (hasLog || fstatSync(descriptor).ino !== statSync(path).ino) {
      db.exec('ROLLBACK');
      return false;
    }
    const bytes = Buffer.alloc(pageSize);
    for (const page of soiled) {
      const place = (page - 1) * pageSize;
      if (readSync(descriptor, bytes, 0, pageSize, place) < pageSize) continue;
      const gap = gapOf(bytes, page);
      // The gap alone is written, so that a power cut can tear nothing that counts.
      if (gap !== null) writeSync(descriptor, ZEROS, 0, gap[1] - gap[0], place + gap[0]);
    }
    fsyncSync(descriptor);
    db.pragma(`user_version = ${db.pragma('user_version', { simple: true })}`);
    db.exec('COMMIT');
    return true;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
