import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FrostbyteError } from '../../kernel/errors.ts';
import { errno } from './disk-errors.ts';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Folders remembered as durable; beyond it the oldest is forgotten, which costs one more fsync later. */
const REMEMBERED = 4096;

/**
 * The folders below one root. What is opened here is what it says: after the open the kernel is asked where the handle
 * really is, so a link anywhere on the way is noticed instead of followed. Names inside an opened folder are reached
 * through its handle (`entry`), not through the path again.
 */
export class Folders {
  readonly #root: string;
  readonly #durable = new Map<string, Promise<void>>();

  /** `root` must be absolute and free of links (`realpath`). */
  constructor(root: string) {
    this.#root = root;
  }

  /** Opens a file below the root, or answers null where there is none. Throws `ISOLATION_VIOLATED` on a link. */
  async openFile(segments: readonly string[]): Promise<FileHandle | null> {
    return this.#open(segments, constants.O_RDONLY | constants.O_NOFOLLOW);
  }

  /** Opens a folder below the root, or answers null where there is none. */
  async openFolder(segments: readonly string[]): Promise<FileHandle | null> {
    return this.#open(segments, FOLDER);
  }

  /** Opens a folder, making it and its parents where missing. Its entry in every parent is durable on return. */
  async ensure(segments: readonly string[]): Promise<FileHandle> {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        await this.#makeDurable(segments);
        const folder = await this.#open(segments, FOLDER);
        if (folder !== null) return folder;
      } catch (error) {
        if (errno(error) !== 'ENOENT') throw error;
      }
      // Somebody removed it while it was empty: make it again.
      this.forget(segments);
    }
    throw new FrostbyteError('STORE_UNAVAILABLE', 'A folder of the object store disappears as soon as it is made.');
  }

  /** Call after removing a folder, so that it is made and synced again when next needed. */
  forget(segments: readonly string[]): void {
    for (let depth = segments.length; depth > 0; depth--) this.#durable.delete(segments.slice(0, depth).join('/'));
  }

  #makeDurable(segments: readonly string[]): Promise<void> {
    if (segments.length === 0) return Promise.resolve();
    const name = segments.join('/');
    const known = this.#durable.get(name);
    if (known !== undefined) return known;
    const making = this.#make(segments);
    this.#durable.set(name, making);
    making.catch(() => this.#durable.delete(name));
    if (this.#durable.size > REMEMBERED) {
      const [oldest] = this.#durable.keys();
      if (oldest !== undefined) this.#durable.delete(oldest);
    }
    return making;
  }

  async #make(segments: readonly string[]): Promise<void> {
    const parents = segments.slice(0, -1);
    await this.#makeDurable(parents);
    const parent = await this.#open(parents, FOLDER);
    if (parent === null) throw Object.assign(new Error('the parent folder is gone'), { code: 'ENOENT' });
    try {
      await mkdir(entry(parent, segments.at(-1) ?? ''), { mode: 0o700 }).catch((error: unknown) => {
        if (errno(error) !== 'EEXIST') throw error;
      });
      // Also where it was there already: the process that made it may have died before its sync.
      await parent.sync();
    } finally {
      await parent.close();
    }
  }

  async #open(segments: readonly string[], flags: number): Promise<FileHandle | null> {
    const path = join(this.#root, ...segments);
    let handle: FileHandle;
    try {
      handle = await open(path, flags);
    } catch (error) {
      if (errno(error) === 'ENOENT') return null;
      throw error;
    }
    try {
      const real = await readlink(`/proc/self/fd/${handle.fd}`);
      // The kernel marks what was unlinked or replaced since the open; our names hold no spaces.
      if (real.replace(/ \(deleted\)$/, '') !== path) {
        throw new FrostbyteError('ISOLATION_VIOLATED', 'A link leads out of the object folder; it was not followed.');
      }
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

/** The path of a name inside an opened folder, wherever the folder's own path leads by now. */
export function entry(folder: FileHandle, name: string): string {
  return `/proc/self/fd/${folder.fd}/${name}`;
}
