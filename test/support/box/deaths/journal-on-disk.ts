import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEvent } from '../../../../appliance/bundle/operation/events.ts';
import { readLines } from '../../../../appliance/bundle/operation/journal-lines.ts';

/** The journal of the newest operation on a host, as its disk has it: what ended a box has not ended this. */
export interface JournalOnDisk {
  operation: string;
  events: JournalEvent[];
}

/** Reads it below the root of a host; null before there is any. */
export function newestJournal(root: string): JournalOnDisk | null {
  const folder = join(root, 'var/lib/frostbyte/operations');
  if (!existsSync(folder)) return null;
  const operation = readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'journal.jsonl')))
    .sort(inOrder)
    .at(-1);
  if (operation === undefined) return null;
  const file = join(folder, operation, 'journal.jsonl');
  const { ino, size, mtimeMs } = statSync(file);
  const state = `${file} ${ino} ${size} ${mtimeMs}`;
  // Whoever waits for a line asks very often.
  if (known?.state !== state)
    known = { state, journal: { operation, events: readLines(readFileSync(file), operation).events } };
  return known.journal;
}

let known: { state: string; journal: JournalOnDisk } | null = null;

/** Those behind what was known before: all of them where another operation was begun. */
export function eventsSince(before: JournalOnDisk | null, now: JournalOnDisk | null): JournalEvent[] {
  if (now === null) return [];
  return before?.operation === now.operation ? now.events.slice(before.events.length) : now.events;
}

/** Two of one second are told apart by a number. */
function inOrder(a: string, b: string): number {
  const [when, other] = [a.slice(0, 16), b.slice(0, 16)];
  return when === other ? a.length - b.length || (a < b ? -1 : 1) : when < other ? -1 : 1;
}
