import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FrostbyteError } from '../kernel/errors.ts';

/** Files of the secrets folders: 0600, written beside, synced and renamed, never through a link. */

const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const LARGEST = 1 << 20;

/** What `writeSecret` calls a file before its rename, and one that was replaced until it is destroyed. */
const BESIDE = /^\.[^/]+\.[0-9a-f-]{36}\.(?:new|old)$/;

/**
 * Writes a secret file, durable on return; its folder is made (0700) where missing. With `replace: false` a file that
 * is there stays and the answer is false; else what was there is destroyed once the new one stands. Throws
 * `KEY_UNAVAILABLE` where the disk refuses.
 */
export async function writeSecret(file: string, bytes: Uint8Array, options: { replace: boolean }): Promise<boolean> {
  const folder = dirname(file);
  const beside = join(folder, `.${basename(file)}.${randomUUID()}.new`);
  try {
    await makeFolder(folder);
    const handle = await open(beside, CREATE, 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (!options.replace) {
      const written = await placeNew(beside, file);
      await syncFolder(folder);
      return written;
    }
    const replaced = await replaceWith(beside, file);
    await syncFolder(folder);
    if (replaced !== null) await destroySecret(replaced);
    return true;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw unavailable('The key file cannot be written.', error);
  }
}

/**
 * Reads a secret file, or answers null where there is none. Throws `KEY_UNAVAILABLE` when it is a link, belongs to
 * somebody else, or others may read or write it; the message names the mend.
 */
export async function readSecret(file: string): Promise<Buffer | null> {
  let handle: FileHandle;
  try {
    handle = await open(file, READ);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') throw unavailable(`The key file ${file} is a link. Put the file itself there.`, error);
    throw unavailable(`The key file ${file} cannot be read by this user.`, error);
  }
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size > LARGEST) throw unavailable(`${file} is not a key file.`);
    if ((found.mode & 0o077) !== 0) {
      throw unavailable(`Other users may read or write the key file. Run: chmod 600 ${file}`);
    }
    const self = process.geteuid?.() ?? found.uid;
    if (found.uid !== self && self !== 0) {
      throw unavailable(`The key file belongs to another user. Run: chown ${self} ${file}`);
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * Overwrites a file with random bytes, syncs, and removes its name. On disks that write elsewhere (flash, snapshots)
 * the old bytes may survive: what was under a destroyed key stays safe by the key above it. Missing is no error.
 */
export async function destroySecret(file: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_WRONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === 'ENOENT') return;
    // A link: what it points to is not ours, the link itself goes.
    if (code === 'ELOOP') return unlink(file);
    throw unavailable(`The key file ${file} cannot be destroyed by this user.`, error);
  }
  try {
    const { size } = await handle.stat();
    for (let at = 0; at < size; at += LARGEST) {
      await handle.write(randomBytes(Math.min(LARGEST, size - at)), 0, undefined, at);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  await unlink(file).catch((error: { code?: string }) => {
    if (error.code !== 'ENOENT') throw unavailable(`The key file ${file} cannot be removed.`, error);
  });
}

/**
 * Destroys what a crash left beside the files of a folder, or beside one of them: drafts, and what was being replaced. Only
 * for who knows that nobody writes there now: a draft that takes its place meanwhile would be destroyed in it. No folder is
 * no error.
 */
export async function sweepBeside(folder: string, file?: string): Promise<void> {
  const names = await readdir(folder).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return [];
    throw unavailable(`The folder ${folder} cannot be read by this user.`, error);
  });
  const left = names.filter((name) => BESIDE.test(name) && (file === undefined || name.startsWith(`.${file}.`)));
  for (const name of left) {
    const path = join(folder, name);
    // A crash in the middle of a replacement: the file that stands is the same one under another name, and must live.
    if ((await lstat(path).catch(() => null))?.nlink === 1) await destroySecret(path);
    else await rm(path, { force: true });
  }
}

/** Makes the entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // Every folder that was made, and the one above the first, must survive a power cut.
  for (let at = folder; at.length >= dirname(first).length && at !== dirname(at); at = dirname(at))
    await syncFolder(at);
}

/** Renames over what is there. The name by which that can still be reached, or null where there was nothing. */
async function replaceWith(beside: string, file: string): Promise<string | null> {
  const old = `${beside.slice(0, -'.new'.length)}.old`;
  const was = await link(file, old).then(
    () => old,
    (error: { code?: string }) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  await rename(beside, file);
  return was;
}

/** A hard link is refused where the name is taken, which a rename is not. */
async function placeNew(beside: string, file: string): Promise<boolean> {
  try {
    await link(beside, file);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

function unavailable(message: string, cause?: unknown): FrostbyteError {
  if (cause instanceof FrostbyteError) return cause;
  return new FrostbyteError('KEY_UNAVAILABLE', message, { cause });
}
