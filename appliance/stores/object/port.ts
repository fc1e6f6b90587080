import type { Readable } from 'node:stream';

/**
 * Objects of one tenant. A key is a relative path of safe segments that starts with one of `OBJECT_PREFIXES`; adapters
 * refuse any other (`VALIDATION_ERROR`). What `commit` and `put` have answered survives a power cut. Never half an
 * object: a reader sees the whole of it or `OBJECT_MISSING`.
 */
export interface ObjectStore {
  /** Starts an object whose key is not known yet (it depends on the bytes). */
  begin(): Promise<ObjectDraft>;
  /** Stores small bytes under a key, replacing what was there. Durable on return. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Several puts, durable together on return; cheaper than one by one. Not atomic as a whole. */
  putAll(entries: Iterable<{ key: string; bytes: Uint8Array }>): Promise<void>;
  /** The object as a stream. Throws `OBJECT_MISSING`. */
  get(key: string): Promise<Readable>;
  /** The whole object, for small ones. Throws `OBJECT_MISSING`; `OBJECT_CORRUPTED` when larger than `maxBytes`. */
  read(key: string, maxBytes?: number): Promise<Uint8Array>;
  /** Stored size in bytes, or null where there is none. */
  size(key: string): Promise<number | null>;
  /** Keys that start with `prefix`, in byte order. Streams; O(keys under prefix). */
  list(prefix: string): AsyncIterable<{ key: string; size: number }>;
  /** Removes all versions. Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  /** Drafts that nobody will finish: removes those older than `olderThanMs`. Returns how many. */
  sweepDrafts(olderThanMs: number): Promise<number>;
  usage(): Promise<{ bytes: number; objects: number }>;
  /**
   * Bytes that may still be written before the reserve is touched which keeps the databases on the same disk alive: 0
   * when it is, infinite where the store cannot know. What is being written elsewhere is not taken off.
   */
  room(): Promise<number>;
  /** Throws `STORE_UNAVAILABLE`, `STORE_READ_ONLY` or `DISK_FULL` where a write would not succeed now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** An object being written. Nothing is visible before `commit`. */
export interface ObjectDraft {
  /**
   * Appends; resolves when the next chunk may come (back-pressure), which can be before the bytes are written: the chunk
   * belongs to the draft from here on, do not change it. Throws `DISK_FULL`, `STORE_UNAVAILABLE`, also for an earlier
   * chunk. `done` is called when the draft needs the chunk no more, so that its memory can be given back; not where the
   * draft failed or was aborted.
   */
  write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void>;
  /**
   * No more bytes come: they are safe on the disk and the draft gives back memory and handles, so that thousands may wait
   * for their commit. `commit` does it where it was not done.
   */
  end(): Promise<void>;
  /** Makes the object durable and visible under `key`, replacing what was there. */
  commit(key: string): Promise<void>;
  /** Forgets it. Safe to call twice and after `commit`. */
  abort(): Promise<void>;
}

/** What `read` takes at most where it is not told. */
export const DEFAULT_READ = 64 << 20;

export const OBJECT_PREFIXES = ['raw', 'normalized', 'receipts', 'exports', 'quarantine', 'uploads'] as const;
