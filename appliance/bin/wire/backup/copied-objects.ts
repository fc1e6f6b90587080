import Database from 'better-sqlite3';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { SealedPart } from './sealed-part.ts';

/** Objects up to this size are read whole, so that their size is that of what was read. */
const WHOLE = 8 << 20;
/** Read before it is their turn: an answer of a server takes longer than to write it down. */
const AHEAD = 8;

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

  /** Everything that is there now. One that goes meanwhile is left out. Several are read at a time. */
  async all(progress: (objects: number) => void): Promise<void> {
    const ahead: { key: string; bytes: Promise<Uint8Array | null> | null }[] = [];
    const next = async () => {
      const { key, bytes } = ahead.shift()!;
      await this.one(key, bytes);
      progress(this.#objects);
    };
    try {
      for await (const { key, size } of this.#store.list('')) {
        const bytes = size > WHOLE ? null : this.#read(key);
        // What fails is told in its turn.
        bytes?.catch(() => undefined);
        ahead.push({ key, bytes });
        if (ahead.length >= AHEAD) await next();
      }
      while (ahead.length > 0) await next();
    } finally {
      await Promise.allSettled(ahead.map(({ bytes }) => bytes));
    }
  }

  /** Whether the object is in the backup: it is copied now where it was not before, and is there. */
  async one(key: string, read: Promise<Uint8Array | null> | null = null): Promise<boolean> {
    if (this.#known.prepare('SELECT 1 FROM copied WHERE key = ?').get(key) !== undefined) return true;
    try {
      const size = read === null ? await this.#store.size(key) : 0;
      if (size === null) return false;
      if (size <= WHOLE) {
        const bytes = await (read ?? this.#read(key));
        if (bytes === null) return false;
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

  /** Null where it is not there. */
  async #read(key: string): Promise<Uint8Array | null> {
    try {
      return await this.#store.read(key, 2 * WHOLE);
    } catch (error) {
      if (isFrostbyteError(error, 'OBJECT_MISSING')) return null;
      throw error;
    }
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
