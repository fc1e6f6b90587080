import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { diskError, syncFolder, writeAll } from '../../kernel/durable-file.ts';
import type { Happened, JournalEvent, Plan } from './events.ts';
import { lineOf, readLines } from './journal-lines.ts';
import { readableLine, readableLog } from './readable-log.ts';
import { type OperationState, stateOf } from './state.ts';

/** The record of one operation, on the disk before what it announces is done. */
export interface Journal {
  readonly events: readonly JournalEvent[];
  readonly state: OperationState;
  /** Durable on return. Throws `DISK_FULL` or `STORE_READ_ONLY`: then it did not happen. */
  append(event: Happened): void;
  close(): void;
}

export const JOURNAL = 'journal.jsonl';
/** The same for people; made from the journal, and made anew where it is missing. */
export const LOG = 'log.txt';
/** Given up when the disk is full, so that what was begun can still be recorded as done or undone. */
const RESERVE = 'reserve';
const RESERVE_BYTES = 256 << 10;

/** Begins the journal of a new operation: its folder stands under its name with the whole plan in it, or not at all. */
export function createJournal(folder: string, plan: Plan, now: () => Date): Journal {
  const beside = join(dirname(folder), `.new-${plan.operation}`);
  try {
    rmSync(beside, { recursive: true, force: true });
    mkdirSync(beside, { recursive: true, mode: 0o700 });
    const first: JournalEvent = { n: 0, at: now().toISOString(), ...plan };
    writeFileSync(join(beside, JOURNAL), lineOf(first), { mode: 0o600, flush: true });
    // Of bytes that no file system leaves out.
    writeFileSync(join(beside, RESERVE), Buffer.alloc(RESERVE_BYTES, 'reserve '), { mode: 0o600, flush: true });
    syncFolder(beside);
    renameSync(beside, folder);
    syncFolder(dirname(folder));
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw diskError(error, folder);
  }
  return openJournal(folder, now);
}

/** What a journal says, for whoever only looks. Throws `STORE_CORRUPTED` where it was changed. */
export function readJournal(folder: string): readonly JournalEvent[] {
  return readLines(readFileSync(join(folder, JOURNAL)), folder).events;
}

/** Opens a journal to go on with it: what a kill left of a last line is cut off. The caller holds the host's lock. */
export function openJournal(folder: string, now: () => Date): Journal {
  const file = join(folder, JOURNAL);
  const { events, bytes } = readLines(readFileSync(file), folder);
  const fd = openSync(file, 'r+');
  let end = bytes;
  try {
    ftruncateSync(fd, end);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    throw diskError(error, file);
  }
  tellAll(folder, events);
  let state = stateOf(events);
  const write = (line: Buffer) => {
    try {
      writeAll(fd, line, end);
      fsyncSync(fd);
      end += line.length;
    } catch (error) {
      ftruncateSync(fd, end);
      throw error;
    }
  };
  return {
    events,
    get state() {
      return state;
    },
    append(happened) {
      const event: JournalEvent = { n: events.length, at: now().toISOString(), ...happened };
      const line = Buffer.from(lineOf(event));
      try {
        try {
          write(line);
        } catch (error) {
          if (!giveUpReserve(folder, error)) throw error;
          write(line);
        }
      } catch (error) {
        throw diskError(error, file);
      }
      events.push(event);
      state = stateOf(events);
      tell(folder, readableLine(event, events));
    },
    close: () => closeSync(fd),
  };
}

function giveUpReserve(folder: string, error: unknown): boolean {
  const reserve = join(folder, RESERVE);
  if (!['ENOSPC', 'EDQUOT'].includes((error as { code?: string }).code ?? '') || !existsSync(reserve)) return false;
  rmSync(reserve);
  syncFolder(folder);
  return true;
}

// The log follows from the journal: where the disk has no room for it, it is made when the journal is next opened.
function tell(folder: string, line: string): void {
  try {
    writeFileSync(join(folder, LOG), line, { flag: 'a', mode: 0o600 });
  } catch {}
}

function tellAll(folder: string, events: readonly JournalEvent[]): void {
  try {
    writeFileSync(join(folder, LOG), readableLog(events), { mode: 0o600 });
  } catch {}
}
