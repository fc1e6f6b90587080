import type { Client } from 'minio';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { retry } from '../../../kernel/retry.ts';
import { Bucket, type BucketOptions } from './bucket.ts';
import { openClient } from './client.ts';
import { Connection } from './connection.ts';
import { isPassing, Refusal, storeError } from './refusal.ts';
import { removeEverything } from './remove.ts';

const RETRIES = { attempts: 4, firstWaitMs: 100, longestWaitMs: 2000, worthIt: isPassing };

/** A bucket as control makes and destroys it, with the administrator's credentials. Every verb may be repeated. */
export class BucketKeeper {
  readonly #options: BucketOptions;
  readonly #connection: Connection;
  readonly #client: Client;

  constructor(options: BucketOptions) {
    this.#options = options;
    this.#connection = new Connection(options);
    this.#client = openClient(this.#connection, options);
  }

  /** Makes the bucket, or finishes making it, with versions kept. */
  async make(): Promise<void> {
    const { bucket } = this.#options;
    await this.#repeat(async () => {
      try {
        await this.#client.makeBucket(bucket);
      } catch (error) {
        // Made by an earlier attempt. There is one owner of all buckets, so it cannot be somebody else's.
        if (!(error instanceof Refusal && error.code === 'BucketAlreadyOwnedByYou')) throw error;
      }
    });
    await this.#repeat(() => this.#client.setBucketVersioning(bucket, { Status: 'Enabled' }));
  }

  /** Throws unless the bucket is there and keeps versions. */
  async check(): Promise<void> {
    const { Status } = await this.#repeat(() => this.#client.getBucketVersioning(this.#options.bucket));
    if (Status === 'Enabled') return;
    throw new FrostbyteError('STORE_UNAVAILABLE', "The tenant's bucket keeps no versions: switch versioning on.");
  }

  exists(): Promise<boolean> {
    return this.#repeat(() => this.#client.bucketExists(this.#options.bucket));
  }

  /** Removes every version of every object, then the bucket. One that is not there is no error. O(versions). */
  async destroy(): Promise<void> {
    if (!(await this.exists())) return;
    const bucket = new Bucket(this.#options);
    try {
      await removeEverything(bucket);
    } finally {
      bucket.close();
    }
    await this.#repeat(async () => {
      try {
        await this.#client.removeBucket(this.#options.bucket);
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'NoSuchBucket')) throw error;
      }
    });
  }

  close(): void {
    this.#connection.close();
  }

  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await retry(work, RETRIES);
    } catch (error) {
      throw storeError(error);
    }
  }
}
