import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as disk from 'node:fs/promises';
import { INBOX_PATIENCE } from './patience.ts';

/**
 * Hands on a folder that others write into at the same time, and that may lie on a share which hangs: every call into it
 * is bounded, and throws `ShareSilent` where it does not come back. Everything below the root is reached through the handle of
 * its folder, never through a path again, so swapping a folder for a link moves nobody elsewhere. No link is followed,
 * no device opened. Linux only (/proc/self/fd).
 */

const patiently = <T>(work: () => Promise<T>) => INBOX_PATIENCE.call(work);
const closeHandle = (handle: FileHandle) => INBOX_PATIENCE.close(handle);
const open = (path: string, flags: number, mode?: number) =>
  INBOX_PATIENCE.call(
    () => disk.open(path, flags, mode),
    (late) => void closeHandle(late),
  );
const lstat = (path: string) => patiently(() => disk.lstat(path, { bigint: true }));
const unlink = (path: string) => patiently(() => disk.unlink(path));

/** Opens the place, not the thing: nothing happens to a device, nothing waits for a pipe. Not in Node's own list. */
const O_PATH = 0o10000000;
const PLACE = O_PATH | constants.O_NOFOLLOW;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** The folder's own rights decide who gets at what is written there; a file in it may be read by those who do. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o770;

/** What stands under a name. `plain` is a regular file with this one name. */
export interface Place {
  kind: 'plain' | 'folder' | 'link' | 'other';
  size: number;
  /** Changes whenever the file does: device, inode, size, and both times, of which one cannot be set by hand. */
  print: string;
}

/** Where a name must not be used: it would leave the folder. */
export function isSegment(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !name.includes('/') &&
    !name.includes('\0') &&
    Buffer.byteLength(name) <= 255
  );
}

/** Opens the root. Its own path is the operator's word and may lead through links; below it none is followed. */
export function openRoot(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
}

/** Opens a folder in a folder. Throws ENOENT, or ENOTDIR where it is something else, a link to a folder among it. */
export function openFolder(parent: FileHandle, name: string): Promise<FileHandle> {
  return open(entry(parent, name), FOLDER);
}

/** Opens a folder in a folder, making it where there is none. */
export async function ensureFolder(parent: FileHandle, name: string): Promise<FileHandle> {
  try {
    return await openFolder(parent, name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await patiently(() => disk.mkdir(entry(parent, name), { mode: FOLDER_MODE })).catch(unless('EEXIST'));
  return openFolder(parent, name);
}

/** What is there under a name, or null. Opens nothing. */
export async function placeOf(folder: FileHandle, name: string): Promise<Place | null> {
  if (!isSegment(name)) return null;
  const found = await lstat(entry(folder, name)).catch(unless('ENOENT', 'ENAMETOOLONG'));
  return found === undefined ? null : described(found);
}

/**
 * Opens a plain file for reading: first the place, then, once that is seen to be a regular file with one name, that very
 * file. Returns what it is now. Throws ENOENT, or ELOOP where it is no plain file.
 */
export async function openPlain(folder: FileHandle, name: string): Promise<{ file: FileHandle; place: Place }> {
  if (!isSegment(name)) throw systemError('ENOENT');
  const held = await open(entry(folder, name), PLACE);
  try {
    const place = described(await patiently(() => held.stat({ bigint: true })));
    if (place.kind !== 'plain') throw systemError('ELOOP');
    return { file: await open(`/proc/self/fd/${held.fd}`, constants.O_RDONLY | constants.O_NONBLOCK), place };
  } finally {
    await closeHandle(held);
  }
}

/** The bytes of a plain file of at most `most` bytes, or null where it is larger. Throws what `openPlain` throws. */
export async function readPlain(
  folder: FileHandle,
  name: string,
  most: number,
): Promise<{ bytes: Buffer; place: Place } | null> {
  const { file, place } = await openPlain(folder, name);
  try {
    if (place.size > most) return null;
    const buffer = Buffer.alloc(place.size + 1);
    let filled = 0;
    while (filled < buffer.length) {
      const bytesRead = await readSome(file, buffer, filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return { bytes: buffer.subarray(0, filled), place };
  } finally {
    await closeFile(file);
  }
}

/** Reads on into `buffer` from `at`; from `position` of the file, or from where the last read ended. Answers how much. */
export async function readSome(
  file: FileHandle,
  buffer: Buffer,
  at = 0,
  position: number | null = null,
): Promise<number> {
  return (await patiently(() => file.read(buffer, at, buffer.length - at, position))).bytesRead;
}

/** Closes a folder or file of an inbox. Never throws. */
export const closeFile = closeHandle;

export interface Names {
  names: { name: string; kind: 'file' | 'folder' | 'other' }[];
  /** There are more than `most`; the rest was not read. */
  cut: boolean;
}

/** Names in a folder but hidden ones, in no order. O(names), at most `most`. */
export async function namesIn(folder: FileHandle, most: number): Promise<Names> {
  return patiently(() => readNames(folder, most));
}

async function readNames(folder: FileHandle, most: number): Promise<Names> {
  const found: Names = { names: [], cut: false };
  for await (const each of await disk.opendir(`/proc/self/fd/${folder.fd}/`, { bufferSize: 512 })) {
    if (each.name.startsWith('.')) continue;
    if (found.names.length === most) {
      found.cut = true;
      break;
    }
    const kind = each.isFile() ? 'file' : each.isDirectory() ? 'folder' : 'other';
    found.names.push({ name: each.name, kind });
  }
  return found;
}

/**
 * Writes a small file beside others: whole and durable or not at all, in place of whatever bore the name before, and
 * never through a link. A crash leaves at most the half under its hidden name, which the next try removes.
 */
export async function writeBeside(folder: FileHandle, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = entry(folder, `.${name}.part`);
  await unlink(temporary).catch(unless('ENOENT'));
  const file = await open(temporary, NEW_FILE, FILE_MODE);
  try {
    try {
      await patiently(() => file.writeFile(bytes));
      // Not every file system of a stick has rights.
      await patiently(() => file.chmod(FILE_MODE)).catch(unless('EPERM', 'EINVAL', 'ENOTSUP'));
      await patiently(() => file.sync());
    } finally {
      await closeHandle(file);
    }
    await patiently(() => disk.rename(temporary, entry(folder, name)));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** Removes a name; what it stood for, if a link, stays. False where there was none. */
export async function removeName(folder: FileHandle, name: string): Promise<boolean> {
  if (!isSegment(name)) return false;
  try {
    await unlink(entry(folder, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Makes what was written and removed in a folder durable, where its file system can. */
export async function syncFolder(folder: FileHandle): Promise<void> {
  await patiently(() => folder.sync()).catch(unless('EINVAL', 'ENOTSUP', 'EROFS'));
}

/** The errno name of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

function described(found: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  dev: bigint;
  ino: bigint;
  size: bigint;
  nlink: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}): Place {
  const { dev, ino, size, nlink, mtimeNs, ctimeNs } = found;
  // A second name for a file may stand where its owner would not let it be read from.
  const plain = found.isFile() && nlink === 1n;
  return {
    kind: plain ? 'plain' : found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'other',
    size: Number(size),
    print: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`,
  };
}

function entry(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}

function unless(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(errnoOf(error) ?? '')) throw error;
  };
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('the entry cannot be used'), { code });
}
