import { accessSync, constants, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { HostLayout } from '../host-layout.ts';

/** The disks that an operation, and all that it starts, writes to. */

export interface FullDisk {
  /** What is to be written there. */
  folder: string;
  /** What is left, in words. */
  left: string;
}

export interface Room {
  /** The first of the disks that has no room left; null: all have. Quick, and writes nothing. */
  full(): FullDisk | null;
  /** Goes by between two looks. Rejects where somebody wants it to stop. */
  pause(signal: AbortSignal): Promise<void>;
}

/** PostgreSQL takes this much at once, for the next file of its log: with less it ends, and does not start. */
const LEAST_BYTES = 16 << 20;
/** Names of files that are yet to be had. */
const LEAST_NAMES = 100;
const PAUSE_MS = 1000;
/** Looks in a row that find a disk full before a phase is ended for it: what is full for a moment may be cleared by whoever filled it. */
const LOOKS = 15;

/** What failed because something else did not work, which does not on a full disk. */
const FOLLOWS: ReadonlySet<string> = new Set([
  'OPERATION_FAILED',
  'SERVICE_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'INTERNAL_ERROR',
  // What the appliance says of a disk without room to whoever asks it over its door.
  'QUOTA_EXCEEDED',
]);

/** The disks of a host: of its programs, of its data, and where its engine and the distribution’s packages lie. */
export function roomOn({ root, programs, data }: Pick<HostLayout, 'root' | 'programs' | 'data'>): Room {
  return {
    full() {
      // The engine’s place is looked up each time: an operation may bring the engine.
      for (const folder of [data, programs, engineFolder(root), join(root, 'var'), join(root, 'usr')]) {
        const left = tooLittle(folder);
        if (left !== null) return { folder, left };
      }
      return null;
    },
    pause: (signal) => wait(PAUSE_MS, undefined, { signal, ref: false }),
  };
}

/**
 * Works while there is room. A disk that stays full ends the work by its signal, so that nobody waits for minutes for what
 * cannot come; and whatever then failed is told as what it is. Throws `DISK_FULL` for that, else what the work throws.
 */
export async function withRoom<T>(
  room: Room,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const full = new AbortController();
  const watching = untilFull(room, over.signal).then((disk) => {
    if (disk !== null) full.abort();
    return disk;
  });
  try {
    return await work(AbortSignal.any([signal, full.signal]));
  } catch (error) {
    if (signal.aborted) throw error;
    const disk = full.signal.aborted ? await watching : null;
    throw disk === null ? named(room, error) : diskFull(disk, error);
  } finally {
    over.abort();
    await watching;
  }
}

/**
 * Work that makes room itself, as taking something back does: a full disk does not end it, and what failed for want of room is
 * told as that. Throws as `withRoom`.
 */
export async function makingRoom<T>(room: Room, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? error : named(room, error);
  }
}

/** What failed, as what it is where a disk is full. */
function named(room: Room, error: unknown): unknown {
  const disk = follows(error) ? room.full() : null;
  return disk === null ? error : diskFull(disk, error);
}

/** The disk that stays full; null: it was over before. */
async function untilFull(room: Room, over: AbortSignal): Promise<FullDisk | null> {
  let disk: FullDisk | null = null;
  for (let looks = 0; looks < LOOKS; looks = disk === null ? 0 : looks + 1) {
    await room.pause(over).catch(() => undefined);
    if (over.aborted) return null;
    disk = room.full();
  }
  return disk;
}

/** A store says that its disk is full, and not which of the host's that is. */
const follows = (error: unknown): boolean =>
  !isFrostbyteError(error) ||
  FOLLOWS.has(error.code) ||
  (error.code === 'DISK_FULL' && error.details.every(({ field }) => field !== 'path'));

function diskFull({ folder, left }: FullDisk, cause: unknown): FrostbyteError {
  const met = cause instanceof Error && cause.name !== 'AbortError' ? ` It met: ${cause.message.slice(0, 1000)}` : '';
  return new FrostbyteError('DISK_FULL', `The disk of ${folder} is full: ${left}. Free some space and repeat.${met}`, {
    cause,
    details: [{ field: 'path', value: folder, constraint: 'with room to write' }],
  });
}

/** Where the engine keeps images and volumes, by its own settings. */
function engineFolder(root: string): string {
  try {
    const settings: unknown = JSON.parse(readFileSync(join(root, 'etc/docker/daemon.json'), 'utf8'));
    const { 'data-root': folder } = settings as { 'data-root'?: unknown };
    if (typeof folder === 'string') return join(root, folder);
  } catch {
    // There are none: it lies where the distribution has it.
  }
  return join(root, 'var/lib/docker');
}

/** What is left on the disk of a folder, where that is too little. */
function tooLittle(folder: string): string | null {
  try {
    // Of what can only be read nothing is asked: an image as a system’s disk has no room by its nature.
    accessSync(folder, constants.W_OK);
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    if (bavail * bsize < LEAST_BYTES) return `${((bavail * bsize) / 1e6).toFixed(1)} MB are left`;
    // Some file systems have no such bound, and say 0 of 0.
    return files > 0 && ffree < LEAST_NAMES ? `${ffree} more files can be made (df -i)` : null;
  } catch {
    // Not there yet: another of the folders is on the same disk.
    return null;
  }
}
