import { randomUUID } from 'node:crypto';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { keySegments } from '../key.ts';
import type { ObjectDraft } from '../port.ts';
import type { Bucket } from './bucket.ts';
import { storeError } from './refusal.ts';
import { removeKey } from './remove.ts';
import { copyObject, PART_BYTES, PartedUpload } from './upload.ts';

/** Beside the object prefixes: no key can name it and no listing shows it. */
export const DRAFTS = 'drafts/';
/** An ended draft that is not larger may wait in memory for its commit. */
const SMALL = 1 << 20;

/** What drafts share in one store. */
export interface DraftPool {
  /** Drafts that are neither committed nor aborted. */
  open: Set<MinioDraft>;
  /** Bytes that small drafts may still hold while they wait. */
  memory: number;
}

interface Gathered {
  chunk: Uint8Array;
  done: ((chunk: Uint8Array) => void) | undefined;
}

/**
 * A draft whose key is not known yet, and which nobody can see (docs/decisions/0018). A small one
 * waits in memory, as far as the store's allowance goes, and is put under its key in one call. A larger one is sent in
 * parts to a name of its own while more comes in, and copied within the server when it is committed. Memory while it is
 * written: two parts; after its end: nothing, or a small draft's bytes out of the allowance.
 */
export class MinioDraft implements ObjectDraft {
  readonly #bucket: Bucket;
  readonly #pool: DraftPool;
  /** The name that its bytes have on the server before the commit. */
  readonly name = DRAFTS + randomUUID();
  /** When it last grew, in milliseconds since the epoch. */
  grewAt = Date.now();
  #gathered: Gathered[] = [];
  #bytes = 0;
  #size = 0;
  #flight: Promise<void> = Promise.resolve();
  #upload: PartedUpload | null = null;
  #failure: FrostbyteError | null = null;
  /** Where the bytes are once it ended. */
  #ended: { held: Buffer } | { versionId: string | null } | null = null;
  #done = false;

  constructor(bucket: Bucket, pool: DraftPool) {
    this.#bucket = bucket;
    this.#pool = pool;
    pool.open.add(this);
  }

  async write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void> {
    this.#demandOpen();
    if (this.#ended !== null) throw new FrostbyteError('INTERNAL_ERROR', 'A draft was written to after its end.');
    if (chunk.byteLength === 0) return;
    this.grewAt = Date.now();
    this.#gathered.push({ chunk, done });
    this.#bytes += chunk.byteLength;
    this.#size += chunk.byteLength;
    if (this.#bytes >= (this.#upload?.partBytes ?? PART_BYTES)) await this.#flush();
  }

  async end(): Promise<void> {
    if (this.#ended !== null) return;
    this.#demandOpen();
    try {
      if (this.#upload === null && this.#size === this.#bytes) this.#ended = await this.#endSmall();
      else {
        if (this.#bytes > 0) await this.#flush();
        await this.#flight;
        this.#demandOpen();
        this.#ended = { versionId: await this.#upload!.complete() };
      }
    } catch (error) {
      await this.abort();
      throw storeError(error);
    }
  }

  async commit(key: string): Promise<void> {
    this.#demandOpen();
    try {
      keySegments(key);
      await this.end();
      const ended = this.#ended!;
      if ('held' in ended) await this.#bucket.put(key, ended.held);
      else await copyObject(this.#bucket, this.name, key, this.#size);
      await this.#forget();
    } catch (error) {
      await this.abort();
      throw storeError(error);
    }
  }

  async abort(): Promise<void> {
    if (this.#done) return;
    this.#gathered = [];
    await this.#flight;
    if (this.#done) return;
    if (this.#ended === null) await this.#upload?.abort().catch(() => undefined);
    await this.#forget();
  }

  /** Gives back what it occupies. What cannot be removed now is swept later. */
  async #forget(): Promise<void> {
    this.#done = true;
    this.#pool.open.delete(this);
    const ended = this.#ended;
    this.#ended = null;
    if (ended === null) return;
    if ('held' in ended) this.#pool.memory += ended.held.byteLength;
    else {
      const removed =
        ended.versionId === null
          ? removeKey(this.#bucket, this.name)
          : this.#bucket.removeVersions([{ name: this.name, versionId: ended.versionId }]);
      await removed.catch(() => undefined);
    }
  }

  async #endSmall(): Promise<{ held: Buffer } | { versionId: string | null }> {
    const held = this.#take();
    if (held.byteLength <= SMALL && held.byteLength <= this.#pool.memory) {
      this.#pool.memory -= held.byteLength;
      return { held };
    }
    return { versionId: await this.#bucket.put(this.name, held) };
  }

  /** Starts sending what was gathered, once the part before it has arrived. */
  async #flush(): Promise<void> {
    await this.#flight;
    this.#demandOpen();
    const part = this.#take();
    this.#flight = this.#send(part).catch((error) => {
      this.#failure ??= storeError(error);
    });
  }

  async #send(part: Buffer): Promise<void> {
    this.#upload ??= await PartedUpload.begin(this.#bucket, this.name);
    await this.#upload.add(part);
  }

  /** What was gathered as one buffer; the chunks go back to whoever gave them. */
  #take(): Buffer {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#bytes = 0;
    const bytes = Buffer.concat(gathered.map(({ chunk }) => chunk));
    for (const { chunk, done } of gathered) done?.(chunk);
    return bytes;
  }

  #demandOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#done) throw new FrostbyteError('INTERNAL_ERROR', 'A draft was used after its end.');
  }
}
