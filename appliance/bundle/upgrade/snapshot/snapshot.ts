import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Stamp } from './stamps.ts';

/** A snapshot of what an upgrade may change: a copy of each place, and what each of its files was when it was copied. */

/** A folder that holds data: the appliance’s own, or a volume of a store. */
export interface DataPlace {
  /** What it is called in the snapshot: kebab-case, once. */
  name: string;
  path: string;
  /** Paths below it that are no data of a release: never copied, never put back, never removed. */
  without: readonly string[];
}

/** What is known of a snapshot, on the disk before anybody relies on it. */
export interface Snapshot {
  places: DataPlace[];
  /** Taken while everything rested: it is what is gone back to. */
  is_settled: boolean;
}

const ABOUT = 'snapshot.json';

/** Where the copy of a place lies. */
export const copyOf = (folder: string, { name }: DataPlace): string => join(folder, name, 'copy');

const stampsFile = (folder: string, { name }: DataPlace): string => join(folder, name, 'stamps.jsonl');

/** What is there; null where nothing whole is. */
export function snapshotAt(folder: string): Snapshot | null {
  const file = join(folder, ABOUT);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Snapshot;
  } catch {
    throw new FrostbyteError(
      'STORE_CORRUPTED',
      `${file} cannot be read, so it is not known what the snapshot holds. Nothing was put back.`,
      { details: [{ field: 'path', value: file, constraint: 'as it was written' }] },
    );
  }
}

/** Says what is there; what it speaks of has to be on the disk by then. */
export function noteSnapshot(folder: string, snapshot: Snapshot): void {
  replaceFile(join(folder, ABOUT), `${JSON.stringify(snapshot)}\n`);
}

/** What was stamped of a place, by path; empty where it was never whole. */
export function keptStamps(folder: string, place: DataPlace): Map<string, Stamp> {
  const file = stampsFile(folder, place);
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return new Map(lines.map((line) => JSON.parse(line) as Stamp).map((stamp) => [stamp.path, stamp]));
}

/** Keeps the stamps of a place, as a whole. */
export function keepStamps(folder: string, place: DataPlace, stamps: Iterable<Stamp>): void {
  const lines: string[] = [];
  for (const stamp of stamps) lines.push(`${JSON.stringify(stamp)}\n`);
  replaceFile(stampsFile(folder, place), lines.join(''));
}

/** Removes a snapshot: what says that it is one first, so that no half of it is ever believed. */
export function removeSnapshot(folder: string): void {
  if (!existsSync(folder)) return;
  rmSync(join(folder, ABOUT), { force: true });
  syncFolder(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** The folder, made where it is not there, for root alone. */
export function makeSnapshotFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // What an attempt left that never became whole would be taken for copies.
  if (snapshotAt(folder) === null)
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}
