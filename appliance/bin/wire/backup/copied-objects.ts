import Database from 'better-sqlite3';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { SealedPart } from './sealed-part.ts';

/** Objects up to this size are read whole, so that their size is that of what was read. */
const WHOLE = 8 << 20;

/** Where objects lie in a tenant's part. */
export const OBJECTS = 'objects/';

/**
 * Copies objects as they lie at rest, and remembers which, in a file: there may be millions. An object never changes under its
 * name, but may be sealed anew or erased at any moment.
 */
export class CopiedObjects {
  readonly #store: ObjectStore;
  readonly #part: SealedPart;
  readonly #known: Database.Database;
  #objects = 0;
  #bytes = 0;

  constructor(store: ObjectStore, part: SealedPart, memory: string) {
    this.#store = store;
    this.#part = part;
    this.#known = new Database(memory);
    this.#known.pragma('journal_mode = OFF');
    this.#known.pragma('synchronous = OFF');
    this.#known.exec('CREATE TABLE copied (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
  }

  get objects(): number {
    return this.#objects;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Everything that is there now. One that goes meanwhile is left out. */
  async all(progress: (objects: number) => void): Promise<void> {
    for await (const { key } of this.#store.list('')) {
      await this.one(key);
      progress(this.#objects);
    }
  }

  /** Whether the object is in the backup: it is copied now where it was not before, and is there. */
  async one(key: string): Promise<boolean> {
    if (this.#known.prepare('SELECT 1 FROM copied WHERE key = ?').get(key) !== undefined) return true;
    try {
      const size = await this.#store.size(key);
      if (size === null) return false;
      if (size <= WHOLE) {
        const bytes = await this.#store.read(key, 2 * WHOLE);
        await this.#part.addBytes(`${OBJECTS}${key}`, bytes);
        this.#bytes += bytes.byteLength;
      } else {
        await this.#part.add(`${OBJECTS}${key}`, size, await this.#store.get(key));
        this.#bytes += size;
      }
    } catch (error) {
      if (isFrostbyteError(error, 'OBJECT_MISSING')) return false;
      throw error;
    }
    this.#known.prepare('INSERT INTO copied (key) VALUES (?)').run(key);
    this.#objects += 1;
    return true;
  }

  close(): void {
    this.#known.close();
  }
}

/** What a tenant's part could not be made of, although no erasure explains it: it is made anew. */
export function changedMeanwhile(what: string): FrostbyteError {
  return new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    `${what} changed too often while it was copied. Run the backup again.`,
  );
}
