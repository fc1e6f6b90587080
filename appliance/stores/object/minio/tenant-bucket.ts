import type { Client } from 'minio';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { Bucket, type BucketOptions } from './bucket.ts';
import { type Credentials, openClient } from './client.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { heldBytes } from './held.ts';
import { Refusal } from './refusal.ts';
import { removeEverything } from './remove.ts';
import { repeated } from './repeated.ts';

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
    await repeated(async () => {
      try {
        await this.#client.makeBucket(bucket);
      } catch (error) {
        // Made by an earlier attempt. There is one owner of all buckets, so it cannot be somebody else's.
        if (!(error instanceof Refusal && error.code === 'BucketAlreadyOwnedByYou')) throw error;
      }
    });
    await repeated(() => this.#client.setBucketVersioning(bucket, { Status: 'Enabled' }));
  }

  /** Throws unless the bucket is there and keeps versions. */
  async check(): Promise<void> {
    const { Status } = await repeated(() => this.#client.getBucketVersioning(this.#options.bucket));
    if (Status === 'Enabled') return;
    throw new FrostbyteError('STORE_UNAVAILABLE', "The tenant's bucket keeps no versions: switch versioning on.");
  }

  exists(): Promise<boolean> {
    return repeated(() => this.#client.bucketExists(this.#options.bucket));
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
    await repeated(async () => {
      try {
        await this.#client.removeBucket(this.#options.bucket);
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'NoSuchBucket')) throw error;
      }
    });
  }

  /** What lies in it, by what keys begin with (`heldBytes`). O(versions). */
  async held(): Promise<Map<string, number>> {
    const bucket = new Bucket(this.#options);
    try {
      return await heldBytes(bucket);
    } finally {
      bucket.close();
    }
  }

  close(): void {
    this.#connection.close();
  }
}

/** The names of all buckets on a server, with the administrator's credentials. */
export async function bucketNames(options: ConnectionOptions & Credentials): Promise<string[]> {
  const connection = new Connection(options);
  try {
    const buckets = await repeated(() => openClient(connection, options).listBuckets());
    return buckets.map(({ name }) => name);
  } finally {
    connection.close();
  }
}
