/** What is noted of each box, so that it is found again, and whose it was when nobody ends it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../appliance/kernel/durable-file.ts';
import type { Equipment } from './equipment.ts';
import { PLACE } from './place.ts';

export interface BoxRecord {
  name: string;
  equipment: Equipment;
  /** The process that ends it, by its id and when it began; null: it stays until somebody ends it (`make box-down`). */
  owner: { pid: number; began: string } | null;
  /** A bundle's folder on this host, or null. */
  stick: string | null;
  /** It has a route, into a sink. */
  route: boolean;
}

const fileOf = (name: string, kind: 'json' | 'ext4' | 'log'): string => join(PLACE.boxes, `${name}.${kind}`);
export const diskFile = (name: string): string => fileOf(name, 'ext4');
/** What its init says while it boots. */
export const consoleFile = (name: string): string => fileOf(name, 'log');

/** Written before anything else of a box is made. */
export function writeRecord(record: BoxRecord): void {
  mkdirSync(PLACE.boxes, { recursive: true });
  replaceFile(fileOf(record.name, 'json'), `${JSON.stringify(record)}\n`, 0o644);
}

/** Removed after everything else of it. */
export function removeRecord(name: string): void {
  rmSync(consoleFile(name), { force: true });
  rmSync(fileOf(name, 'json'), { force: true });
}

/** All boxes of this tree, oldest name first. */
export function readRecords(): BoxRecord[] {
  if (!existsSync(PLACE.boxes)) return [];
  const files = readdirSync(PLACE.boxes).filter((file) => file.startsWith(PLACE.prefix) && file.endsWith('.json'));
  return files.sort().map((file) => JSON.parse(readFileSync(join(PLACE.boxes, file), 'utf8')) as BoxRecord);
}

/** This process, as an owner. */
export const thisProcess = () => ({ pid: process.pid, began: beganAt(process.pid)! });

/** Whether a box may be ended by whoever comes along: its owner is gone. */
export function isOrphan({ owner }: BoxRecord): boolean {
  return owner !== null && beganAt(owner.pid) !== owner.began;
}

/** When a process began, in ticks since the boot; null where it has ended. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
