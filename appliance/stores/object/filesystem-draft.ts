import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { FrostbyteError } from '../../kernel/errors.ts';
import { diskError } from './disk-errors.ts';
import type { ObjectDraft } from './port.ts';

/** Bytes gathered before one `writev`: large enough that the call's price vanishes, small enough to stay in cache. */
const FLUSH_BYTES = 1 << 20;
/** Buffers of one `writev`; the kernel takes 1024. */
const FLUSH_BUFFERS = 512;
/** Bytes after which the disk is set to work while more come in, so that the sync at the end has little left to do. */
const SYNC_BYTES = 128 << 20;

interface Gathered {
  chunk: Uint8Array;
  done: ((chunk: Uint8Array) => void) | undefined;
}

/**
 * A draft in one file. Chunks are not copied: they are gathered by reference and written a megabyte at a time while the
 * next megabyte comes in (one write and one sync in flight). Memory: at most two such gatherings.
 */
export class FilesystemDraft implements ObjectDraft {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #syncBytes: number;
  readonly #publish: (path: string, key: string) => Promise<void>;
  #gathered: Gathered[] = [];
  #bytes = 0;
  #flight: Promise<void> = Promise.resolve();
  /** Bytes written since the last sync in the background began. */
  #unsynced = 0;
  /** The sync in the background, or null. */
  #syncing: Promise<void> | null = null;
  #failure: FrostbyteError | null = null;
  /** Synced and closed. */
  #ended = false;
  /** Committed or aborted. */
  #done = false;

  constructor(
    file: FileHandle,
    path: string,
    publish: (path: string, key: string) => Promise<void>,
    syncBytes = SYNC_BYTES,
  ) {
    this.#syncBytes = syncBytes;
    this.#file = file;
    this.#path = path;
    this.#publish = publish;
  }

  async write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void> {
    this.#demandOpen();
    if (this.#ended) throw new FrostbyteError('INTERNAL_ERROR', 'A draft was written to after its end.');
    if (chunk.byteLength === 0) return;
    this.#gathered.push({ chunk, done });
    this.#bytes += chunk.byteLength;
    if (this.#bytes >= FLUSH_BYTES || this.#gathered.length >= FLUSH_BUFFERS) await this.#flush();
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#demandOpen();
    try {
      await this.#flush();
      await this.#settled();
      this.#demandOpen();
      await this.#file.sync();
      await this.#file.close();
      this.#ended = true;
    } catch (error) {
      await this.abort();
      throw diskError(error);
    }
  }

  async commit(key: string): Promise<void> {
    this.#demandOpen();
    try {
      await this.end();
      await this.#publish(this.#path, key);
      this.#done = true;
    } catch (error) {
      await this.abort();
      throw diskError(error);
    }
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#gathered = [];
    await this.#settled();
    if (!this.#ended) await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  /** Starts writing what was gathered, once the write before it is through. */
  async #flush(): Promise<void> {
    await this.#flight;
    this.#demandOpen();
    this.#syncInBackground();
    const gathered = this.#gathered;
    this.#unsynced += this.#bytes;
    this.#gathered = [];
    this.#bytes = 0;
    if (gathered.length > 0) this.#flight = this.#guard(this.#writeOut(gathered));
  }

  async #writeOut(gathered: readonly Gathered[]): Promise<void> {
    await writeAll(
      this.#file,
      gathered.map(({ chunk }) => chunk),
    );
    for (const { chunk, done } of gathered) done?.(chunk);
  }

  #syncInBackground(): void {
    if (this.#unsynced < this.#syncBytes || this.#syncing !== null) return;
    this.#unsynced = 0;
    this.#syncing = this.#guard(this.#file.datasync()).then(() => {
      this.#syncing = null;
    });
  }

  async #settled(): Promise<void> {
    await this.#flight;
    await this.#syncing;
  }

  /** Keeps a failure for whoever calls next: the kernel tells of a lost page once, and a later sync may answer well. */
  async #guard(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#failure ??= diskError(error);
    }
  }

  #demandOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#done) throw new FrostbyteError('INTERNAL_ERROR', 'A draft was used after its end.');
  }
}

/** Writes buffers in order at the file's position, going on after a short write. */
export async function writeAll(file: FileHandle, buffers: Uint8Array[]): Promise<void> {
  let rest = buffers;
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest);
    let next = 0;
    while (next < rest.length && bytesWritten >= rest[next]!.byteLength) bytesWritten -= rest[next++]!.byteLength;
    rest = rest.slice(next);
    if (bytesWritten > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(bytesWritten);
  }
}
