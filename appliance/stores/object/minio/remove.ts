import { randomUUID } from 'node:crypto';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Bucket } from './bucket.ts';

/** What appears between two looks is removed too, but not for ever. */
const LOOKS = 100;

/**
 * Removes every version, delete marker and unfinished upload of a key, and looks again until there are none: what it
 * returned from is gone. Whether there was anything. O(versions of the key).
 */
export async function removeKey(bucket: Bucket, key: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    const [versions, uploads] = await Promise.all([bucket.versions(key), bucket.uploads(key)]);
    const unfinished = uploads.filter((upload) => upload.key === key);
    if (versions.length === 0 && unfinished.length === 0) return look > 0;
    await bucket.removeVersions(versions);
    for (const upload of unfinished) await bucket.abortUpload(upload);
  }
  throw new FrostbyteError('STORE_UNAVAILABLE', 'Versions of a deleted object come back; it is not gone.');
}

/** The same of all that lies in the bucket, which nobody may write to meanwhile. O(versions). */
export async function removeEverything(bucket: Bucket): Promise<void> {
  for (;;) {
    const [versions, uploads] = await Promise.all([bucket.versions(''), bucket.uploads('')]);
    if (versions.length === 0 && uploads.length === 0) return;
    await bucket.removeVersions(versions);
    for (const upload of uploads) await bucket.abortUpload(upload);
  }
}

/**
 * Makes deletions survive a power cut. MinIO has the disk keep what is written before it answers, not what is deleted
 * (deleted objects were seen to come back), but what is written takes all before it along. Callers that come at the same
 * time share one write.
 */
export class Settling {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  /** `prefix` is where a write is nobody's. */
  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  /** Returns when what was deleted before the call is settled. */
  settle(): Promise<void> {
    // One that already runs may have begun before the deletion; the next one cannot have.
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#running = this.#next!;
        this.#next = null;
        return this.#write();
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    const name = this.#prefix + randomUUID();
    const versionId = await this.#bucket.put(name, Buffer.from('!'));
    await this.#bucket.removeVersions([{ name, versionId: versionId ?? 'null' }]);
  }
}
