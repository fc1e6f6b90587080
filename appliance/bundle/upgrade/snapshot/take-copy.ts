import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { diskError } from '../../../kernel/durable-file.ts';
import { copyOf, type DataPlace, keepStamps, keptStamps } from './snapshot.ts';
import { isUntouched, type Stamp, stampsOf } from './stamps.ts';

export interface CopyRun {
  signal: AbortSignal;
  /** Bytes that are copied now, of a file. */
  copied(bytes: number): void;
  /** Has on the disk what was written below a folder. */
  syncDisk(folder: string): Promise<void>;
}

/** Files between two looks at whether somebody wants it to stop. */
const BREATH = 500;

/**
 * Brings the copy of a place up to what the place is now: only files are copied that were touched since they were stamped. So
 * one pass while everything runs takes the time, and a second one, while everything rests, takes what changed meanwhile. A file
 * that changes under the copying has another stamp behind it, and is copied again by the next pass. Answers the bytes copied.
 */
export async function takeCopy(folder: string, place: DataPlace, run: CopyRun): Promise<number> {
  const before = keptStamps(folder, place);
  const copy = copyOf(folder, place);
  const stamps: Stamp[] = [];
  let bytes = 0;
  mkdirSync(copy, { recursive: true, mode: 0o700 });
  for (const stamp of stampsOf(place.path, place.without)) {
    if (stamps.length % BREATH === BREATH - 1) await breath(run.signal);
    const target = join(copy, stamp.path);
    const then = before.get(stamp.path);
    if (then !== undefined && then.kind !== stamp.kind) rmSync(target, { recursive: true, force: true });
    if (stamp.kind === 'folder') mkdirSync(target, { recursive: true, mode: 0o700 });
    else if (stamp.kind === 'file' && !isUntouched(stamp, then)) {
      if (!copyFile(join(place.path, stamp.path), target)) continue;
      bytes += stamp.size;
      run.copied(stamp.size);
    }
    stamps.push(stamp);
    before.delete(stamp.path);
  }
  for (const { path } of before.values()) rmSync(join(copy, path), { recursive: true, force: true });
  await run.syncDisk(copy);
  keepStamps(folder, place, stamps);
  return bytes;
}

/** The bytes that a pass would copy, and of all that is there. */
export function bytesToCopy(folder: string, place: DataPlace): number {
  const before = keptStamps(folder, place);
  let bytes = 0;
  for (const stamp of stampsOf(place.path, place.without))
    if (stamp.kind === 'file' && !isUntouched(stamp, before.get(stamp.path))) bytes += stamp.size;
  return bytes;
}

/** False where the file vanished. Where the disk can, the two share their blocks. */
function copyFile(from: string, to: string): boolean {
  try {
    rmSync(to, { force: true });
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT' && !existsSync(from)) return false;
    throw diskError(error, join(dirname(to), 'copy'));
  }
}

/** Lets others have their turn. Throws where somebody wants it to stop. */
export async function breath(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}
