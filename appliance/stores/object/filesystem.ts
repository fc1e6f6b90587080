import { randomUUID } from 'node:crypto';
import { constants, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { diskRoom } from '../../kernel/disk-room.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { allSettled } from '../../kernel/side-by-side.ts';
import { diskError, errno } from './disk-errors.ts';
import { FilesystemDraft, writeAll } from './filesystem-draft.ts';
import { listFiles } from './filesystem-list.ts';
import { entry, Folders } from './folders.ts';
import { keySegments } from './key.ts';
import { DEFAULT_READ, type ObjectDraft, type ObjectStore } from './port.ts';
import { totalOf } from './total.ts';

/** Beside the object prefixes, so that a rename from here is atomic and no key can name it. */
const DRAFTS = 'drafts';
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Files of one `putAll` that are written and synced at the same time. */
const PARALLEL = 16;
const READ_AHEAD = 1 << 20;

export interface FilesystemObjectsOptions {
  /**
   * Free bytes below which `check` answers `DISK_FULL` and `room` nothing. Default: 1 GiB, or a twentieth of a smaller
   * disk, so that the databases on the same disk can still end their transactions, and what was received is still
   * processed, when intake stops.
   */
  reserveBytes?: number;
}

/**
 * Objects as files below `folder`, one tenant's (spec 3, row "embedded"). Each is written beside, synced, renamed, and
 * its folder synced, so that it is whole and durable or not there. Files are 0600, folders 0700. Throws
 * `ISOLATION_VIOLATED` where `folder` itself is a link. Linux only (handles are checked through /proc/self/fd).
 */
export function openFilesystemObjects(folder: string, options: FilesystemObjectsOptions = {}): ObjectStore {
  try {
    mkdirSync(join(folder, DRAFTS), { recursive: true, mode: 0o700 });
    if (lstatSync(folder).isSymbolicLink() || lstatSync(join(folder, DRAFTS)).isSymbolicLink()) {
      throw new FrostbyteError('ISOLATION_VIOLATED', 'The object folder is a link; it must be a folder.');
    }
    return new FilesystemObjects(realpathSync(folder), options);
  } catch (error) {
    throw diskError(error);
  }
}

class FilesystemObjects implements ObjectStore {
  readonly #root: string;
  readonly #folders: Folders;
  readonly #reserve: number | undefined;

  constructor(root: string, options: FilesystemObjectsOptions) {
    this.#root = root;
    this.#folders = new Folders(root);
    this.#reserve = options.reserveBytes;
  }

  begin(): Promise<ObjectDraft> {
    return translated(async () => {
      const path = this.#draftPath();
      const file = await open(path, NEW_FILE, 0o600);
      return new FilesystemDraft(file, path, (from, key) => this.#publish(from, key));
    });
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return this.putAll([{ key, bytes }]);
  }

  putAll(entries: Iterable<{ key: string; bytes: Uint8Array }>): Promise<void> {
    return translated(async () => {
      const touched = new Map<string, string[]>();
      let group: { segments: string[]; bytes: Uint8Array }[] = [];
      const flush = async () => {
        await allSettled(group.map(({ segments, bytes }) => this.#putFile(segments, bytes)));
        group = [];
      };
      for (const { key, bytes } of entries) {
        const segments = keySegments(key);
        touched.set(segments.slice(0, -1).join('/'), segments.slice(0, -1));
        group.push({ segments, bytes });
        if (group.length === PARALLEL) await flush();
      }
      await flush();
      for (const segments of touched.values()) await this.#syncFolder(segments);
    });
  }

  async get(key: string): Promise<Readable> {
    const file = await this.#open(key);
    return file.createReadStream({ highWaterMark: READ_AHEAD });
  }

  async read(key: string, maxBytes = DEFAULT_READ): Promise<Uint8Array> {
    const file = await this.#open(key);
    return translated(async () => {
      try {
        const { size } = await file.stat();
        if (size > maxBytes) throw tooLarge();
        return await file.readFile();
      } finally {
        await file.close();
      }
    });
  }

  size(key: string): Promise<number | null> {
    return translated(async () => {
      const file = await this.#folders.openFile(keySegments(key));
      if (file === null) return null;
      try {
        const found = await file.stat();
        return found.isFile() ? found.size : null;
      } finally {
        await file.close();
      }
    });
  }

  async *list(prefix: string): AsyncIterable<{ key: string; size: number }> {
    try {
      yield* listFiles(this.#folders, prefix);
    } catch (error) {
      throw diskError(error);
    }
  }

  delete(key: string): Promise<void> {
    return translated(async () => {
      const segments = keySegments(key);
      const folders = segments.slice(0, -1);
      const folder = await this.#folders.openFolder(folders);
      if (folder === null) return;
      try {
        await unlink(entry(folder, segments.at(-1) ?? '')).catch(ignore('ENOENT'));
        await folder.sync();
      } finally {
        await folder.close();
      }
      await this.#prune(folders);
    });
  }

  sweepDrafts(olderThanMs: number): Promise<number> {
    return translated(async () => {
      const limit = Date.now() - olderThanMs;
      let removed = 0;
      for (const name of await readdir(join(this.#root, DRAFTS))) {
        const path = join(this.#root, DRAFTS, name);
        const found = await lstat(path).catch(ignore('ENOENT'));
        if (found === undefined || found.mtimeMs > limit) continue;
        await rm(path, { force: true });
        removed++;
      }
      return removed;
    });
  }

  usage(): Promise<{ bytes: number; objects: number }> {
    return totalOf(this.list(''));
  }

  room(): Promise<number> {
    return translated(() => diskRoom(this.#root, this.#reserve));
  }

  check(): Promise<void> {
    return translated(async () => {
      if ((await this.room()) === 0) {
        throw new FrostbyteError('DISK_FULL', 'The disk that holds the objects is nearly full; intake is closed.');
      }
      const path = this.#draftPath();
      const file = await open(path, NEW_FILE, 0o600);
      try {
        await file.write('?');
      } finally {
        await file.close();
        await rm(path, { force: true });
      }
    });
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  #draftPath(): string {
    return join(this.#root, DRAFTS, randomUUID());
  }

  async #open(key: string): Promise<FileHandle> {
    const file = await translated(() => this.#folders.openFile(keySegments(key)));
    if (file === null) throw new FrostbyteError('OBJECT_MISSING', 'There is no object under this key.');
    const found = await file.stat();
    if (found.isFile()) return file;
    await file.close();
    throw new FrostbyteError('OBJECT_MISSING', 'There is no object under this key.');
  }

  /** Renames a synced draft into place and makes the entry durable. */
  async #publish(path: string, key: string): Promise<void> {
    const segments = keySegments(key);
    await this.#rename(path, segments);
    await this.#syncFolder(segments.slice(0, -1));
  }

  async #putFile(segments: string[], bytes: Uint8Array): Promise<void> {
    const path = this.#draftPath();
    try {
      const file = await open(path, NEW_FILE, 0o600);
      try {
        if (bytes.byteLength > 0) await writeAll(file, [bytes]);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#rename(path, segments);
    } catch (error) {
      await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async #rename(path: string, segments: string[]): Promise<void> {
    const folders = segments.slice(0, -1);
    for (let attempt = 0; ; attempt++) {
      const folder = await this.#folders.ensure(folders);
      try {
        await rename(path, entry(folder, segments.at(-1) ?? ''));
        return;
      } catch (error) {
        // A delete pruned the empty folder between the two calls.
        if (errno(error) !== 'ENOENT' || attempt === 4) throw error;
        this.#folders.forget(folders);
      } finally {
        await folder.close();
      }
    }
  }

  async #syncFolder(segments: string[]): Promise<void> {
    const folder = await this.#folders.openFolder(segments);
    if (folder === null) return;
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Removes folders that a delete left empty, up to the prefix: a folder's name may be an erased document's id. */
  async #prune(segments: string[]): Promise<void> {
    for (let depth = segments.length; depth > 1; depth--) {
      const parent = await this.#folders.openFolder(segments.slice(0, depth - 1));
      if (parent === null) continue;
      try {
        this.#folders.forget(segments.slice(0, depth));
        await rmdir(entry(parent, segments[depth - 1] ?? ''));
        await parent.sync();
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST'].includes(errno(error) ?? '')) return;
        if (errno(error) !== 'ENOENT') throw error;
      } finally {
        await parent.close();
      }
    }
  }
}

function tooLarge(): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'The object is larger than anything that belongs under this key.');
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error);
  }
}

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if (errno(error) !== code) throw error;
  };
}
