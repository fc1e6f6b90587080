import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sideBySide } from '../../kernel/side-by-side.ts';
import { keySegments, prefixFolders } from './key.ts';
import { Bucket, type BucketOptions } from './minio/bucket.ts';
import { DRAFTS, type DraftPool, MinioDraft } from './minio/draft.ts';
import { readStream } from './minio/read-stream.ts';
import { removeKey, Settling } from './minio/remove.ts';
import { PART_BYTES, PartedUpload } from './minio/upload.ts';
import { DEFAULT_READ, OBJECT_PREFIXES, type ObjectDraft, type ObjectStore } from './port.ts';
import { totalOf } from './total.ts';

export type { BucketOptions as MinioObjectsOptions } from './minio/bucket.ts';

import { type Page, timeOf } from './minio/page.ts';

/** What is put in one call; longer bytes go in parts. */
const ONE_CALL = 64 << 20;
/** Puts of one `putAll` that are under way at the same time. */
const PARALLEL = 8;
/** What small drafts of one store may hold in memory while they wait for their commit. */
const DRAFT_MEMORY = 32 << 20;
const PREFIXES = OBJECT_PREFIXES.map((prefix) => `${prefix}/`).sort();

/**
 * Objects in one bucket of a MinIO server (spec 3, row "MinIO"), or of one that speaks the same protocol. The bucket is
 * there and keeps versions: control made it. `room` is infinite, because a tenant's credentials cannot ask for the disk;
 * a full one answers `DISK_FULL`. `usage` lists: one call a thousand objects. Nothing is connected before the first call.
 */
export function openMinioObjects(options: BucketOptions): ObjectStore {
  return new MinioObjects(new Bucket(options));
}

class MinioObjects implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #drafts: DraftPool = { open: new Set(), memory: DRAFT_MEMORY };

  readonly #settling: Settling;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
    this.#settling = new Settling(bucket, DRAFTS);
  }

  async begin(): Promise<ObjectDraft> {
    return new MinioDraft(this.#bucket, this.#drafts);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    keySegments(key);
    if (bytes.byteLength <= ONE_CALL) await this.#bucket.put(key, bytes);
    else await this.#putInParts(key, bytes);
  }

  async putAll(entries: Iterable<{ key: string; bytes: Uint8Array }>): Promise<void> {
    let failed = false;
    await sideBySide(entries, PARALLEL, async ({ key, bytes }) => {
      if (failed) return;
      await this.put(key, bytes).catch((error) => {
        failed = true;
        throw error;
      });
    });
  }

  async get(key: string): Promise<Readable> {
    keySegments(key);
    return readStream(this.#bucket, key);
  }

  async read(key: string, maxBytes = DEFAULT_READ): Promise<Uint8Array> {
    keySegments(key);
    return this.#bucket.read(key, maxBytes);
  }

  async size(key: string): Promise<number | null> {
    keySegments(key);
    return this.#bucket.size(key);
  }

  async *list(prefix: string): AsyncIterable<{ key: string; size: number }> {
    prefixFolders(prefix);
    // Drafts lie beside the prefixes.
    for (const each of prefix === '' ? PREFIXES : [prefix]) {
      for await (const page of this.#pages(each)) for (const { name, size } of page) yield { key: name, size };
    }
  }

  async delete(key: string): Promise<void> {
    keySegments(key);
    if (await removeKey(this.#bucket, key)) await this.#settling.settle();
  }

  async sweepDrafts(olderThanMs: number): Promise<number> {
    const limit = Date.now() - olderThanMs;
    let removed = 0;
    for (const draft of [...this.#drafts.open]) {
      if (draft.grewAt > limit) continue;
      await draft.abort();
      removed++;
    }
    const mine = new Set([...this.#drafts.open].map(({ name }) => name));
    for await (const page of this.#pages(DRAFTS)) {
      for (const { name, modified } of page) {
        if (timeOf(modified) > limit || mine.has(name)) continue;
        await removeKey(this.#bucket, name);
        removed++;
      }
    }
    for (const upload of await this.#bucket.uploads('')) {
      if (upload.begun > limit || mine.has(upload.key)) continue;
      await this.#bucket.abortUpload(upload);
      removed++;
    }
    return removed;
  }

  usage(): Promise<{ bytes: number; objects: number }> {
    return totalOf(this.list(''));
  }

  async room(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  async check(): Promise<void> {
    await this.#bucket.tryWrite(DRAFTS + randomUUID());
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }

  async *#pages(prefix: string): AsyncIterable<Page['objects']> {
    let token = '';
    do {
      const { objects, next } = await this.#bucket.page(prefix, token);
      yield objects;
      token = next;
    } while (token !== '');
  }

  async #putInParts(key: string, bytes: Uint8Array): Promise<void> {
    const upload = await PartedUpload.begin(this.#bucket, key);
    try {
      for (let at = 0; at < bytes.byteLength; at += PART_BYTES) await upload.add(bytes.subarray(at, at + PART_BYTES));
      await upload.complete();
    } catch (error) {
      await upload.abort().catch(() => undefined);
      throw error;
    }
  }
}
