import type { IncomingMessage } from 'node:http';
import type { Client } from 'minio';
import { Circuit } from '../../../kernel/circuit.ts';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import { type Credentials, openClient, sizeOf, view } from './client.ts';
import { Connection, type ConnectionOptions, gather } from './connection.ts';
import { type Page, parsePage, parsePartPage, parseVersionPage, type VersionPage } from './page.ts';
import { isUnwell, READ_BUT_NOT_WRITTEN, Refusal, storeError } from './refusal.ts';
import { repeated } from './repeated.ts';

export interface BucketOptions extends ConnectionOptions, Credentials {
  bucket: string;
}

/** A version of an object, or the mark that says that it was deleted. */
export interface Version {
  name: string;
  versionId: string;
}

export interface Upload {
  key: string;
  uploadId: string;
}

/** Keys of one page of a listing, and versions of one deletion: the protocol's limit. */
const PAGE = 1000;

/**
 * The calls of one bucket, in the protocol that MinIO and its successors share (S3, signature 4). Every payload is signed
 * with its SHA-256, over TLS too, and the server refuses what arrives otherwise. Each call may be repeated and is, with
 * jitter, while the server is unwell; a circuit spares a server that stays so. Throws the stores' errors only.
 */
export class Bucket {
  readonly name: string;
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #circuit = new Circuit({ name: 'object store', counts: isUnwell });

  constructor(options: BucketOptions) {
    this.name = options.bucket;
    this.#connection = new Connection(options);
    this.#client = openClient(this.#connection, options);
  }

  get silenceMs(): number {
    return this.#connection.silenceMs;
  }

  /** Stores bytes under a key; the version that this made, where the bucket keeps versions. */
  put(key: string, bytes: Uint8Array): Promise<string | null> {
    return this.#writing(key, () => this.#put(key, bytes));
  }

  /** Puts and removes a few bytes, once and whatever the circuit says: whether a write would succeed now. */
  async tryWrite(key: string): Promise<void> {
    const write = async () => {
      const versionId = await this.#put(key, Buffer.from('?'));
      await this.#removeVersions([{ name: key, versionId: versionId ?? 'null' }]);
    };
    try {
      await this.#circuit.run(write, { anyway: true });
    } catch (error) {
      throw await this.#explained(key, storeError(error));
    }
  }

  /** The object's bytes from `from` on, of the given version where there is one. Throws `OBJECT_MISSING`. */
  open(key: string, from = 0, versionId?: string): Promise<IncomingMessage> {
    const query = versionId === undefined ? '' : `versionId=${versionId}`;
    const headers = from === 0 ? {} : { range: `bytes=${from}-` };
    return this.#repeat(() =>
      this.#client.makeRequestAsync(
        { method: 'GET', bucketName: this.name, objectName: key, query, headers },
        '',
        [200, 206],
      ),
    );
  }

  /** The whole object. Throws `OBJECT_MISSING`, and `OBJECT_CORRUPTED` where it is longer than `maxBytes`. */
  read(key: string, maxBytes: number): Promise<Buffer> {
    return this.#repeat(async () => {
      const response = await this.#client.getObject(this.name, key);
      const message = response as IncomingMessage;
      if (sizeOf(message) <= maxBytes) return gather(message);
      message.destroy();
      throw new FrostbyteError('OBJECT_CORRUPTED', 'The object is larger than anything that belongs under this key.');
    });
  }

  /** Size in bytes, or null where there is none. */
  async size(key: string): Promise<number | null> {
    try {
      return await this.#repeat(async () => (await this.#client.statObject(this.name, key)).size);
    } catch (error) {
      if (isFrostbyteError(error, 'OBJECT_MISSING')) return null;
      throw error;
    }
  }

  /** Copies an object within the server. Whole or not at all; up to 5 GiB. */
  async copy(from: string, to: string): Promise<void> {
    const headers = { 'x-amz-copy-source': `/${this.name}/${from}` };
    await this.#writing(to, () =>
      this.#answer(this.#client.makeRequestAsync({ method: 'PUT', bucketName: this.name, objectName: to, headers })),
    );
  }

  /** A page of keys in byte order that start with `prefix`; `token` is what the page before it gave, or empty. */
  page(prefix: string, token: string): Promise<Page> {
    const query = [
      ...(token === '' ? [] : [`continuation-token=${encodeURIComponent(token)}`]),
      'encoding-type=url',
      'list-type=2',
      `max-keys=${PAGE}`,
      `prefix=${encodeURIComponent(prefix)}`,
    ];
    return this.#listing(query).then(parsePage);
  }

  beginUpload(key: string): Promise<string> {
    return this.#writing(key, () => this.#client.initiateNewMultipartUpload(this.name, key, {}));
  }

  /** Sends a part, or has the server copy it from another object (`bytes` inclusive, as a range). Gives its tag. */
  async part(upload: Upload, number: number, from: Uint8Array | { key: string; bytes: string }): Promise<string> {
    const copied = !(from instanceof Uint8Array);
    const headers = copied
      ? { 'x-amz-copy-source': `/${this.name}/${from.key}`, 'x-amz-copy-source-range': `bytes=${from.bytes}` }
      : {};
    const part = {
      bucketName: this.name,
      objectName: upload.key,
      uploadID: upload.uploadId,
      partNumber: number,
      headers,
    };
    const { etag } = await this.#writing(upload.key, () => this.#client.uploadPart(part, copied ? '' : view(from)));
    return etag;
  }

  /**
   * Puts the parts together. Not repeated blindly: where the answer was lost, `whole` says whether it was done.
   * Gives the version that this made, where the bucket keeps versions and the answer arrived.
   */
  completeUpload(upload: Upload, tags: readonly string[], whole: () => Promise<boolean>): Promise<string | null> {
    const parts = tags.map((etag, at) => ({ part: at + 1, etag }));
    return this.#writing(upload.key, async (attempt) => {
      try {
        const { versionId } = await this.#client.completeMultipartUpload(this.name, upload.key, upload.uploadId, parts);
        return versionId;
      } catch (error) {
        const gone = error instanceof Refusal && error.code === 'NoSuchUpload';
        if (attempt > 1 && gone && (await whole())) return null;
        throw error;
      }
    });
  }

  /** Forgets an upload and its parts. One that is not there is no error. */
  async abortUpload({ key, uploadId }: Upload): Promise<void> {
    await this.#repeat(async () => {
      try {
        await this.#client.abortMultipartUpload(this.name, key, uploadId);
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'NoSuchUpload')) throw error;
      }
    });
  }

  /**
   * Uploads that were begun and not ended. MinIO tells those of exactly one key, or with the empty prefix those that were
   * begun since it started; older ones it removes by itself after a day.
   */
  async uploads(prefix: string): Promise<(Upload & { begun: number })[]> {
    const { uploads } = await this.#repeat(() =>
      this.#client.listIncompleteUploadsQuery(this.name, prefix, '', '', ''),
    );
    return (uploads as { key: string; uploadId: string; initiated: string | Date }[]).map((each) => ({
      key: each.key,
      uploadId: each.uploadId,
      begun: new Date(each.initiated).getTime(),
    }));
  }

  /** The first versions and delete markers of exactly this key, or of any where it is empty. */
  async versions(key: string): Promise<Version[]> {
    // With the delimiter the server does not descend below the key; the key itself comes first in the order.
    const query = { Delimiter: key === '' ? '' : '/', MaxKeys: PAGE, IncludeVersion: true };
    const { objects } = await this.#repeat(() => this.#client.listObjectsQuery(this.name, key, '', query));
    return (objects as Partial<Version>[]).flatMap(({ name, versionId }) =>
      name !== undefined && (key === '' || name === key) ? [{ name, versionId: versionId ?? 'null' }] : [],
    );
  }

  /** Every version of every object, with its size; marks of deletion hold nothing and are left out. */
  async *everyVersion(): AsyncIterable<{ name: string; size: number }> {
    let next: VersionPage['next'] = null;
    do {
      const from: string[] =
        next === null
          ? []
          : [`key-marker=${encodeURIComponent(next.key)}`, `version-id-marker=${encodeURIComponent(next.versionId)}`];
      const page = parseVersionPage(
        await this.#listing(['encoding-type=url', ...from, `max-keys=${PAGE}`, 'versions=']),
      );
      yield* page.versions;
      next = page.next;
    } while (next !== null);
  }

  /** Bytes of the parts that an upload has so far; none where it has ended. */
  async partBytes({ key, uploadId }: Upload): Promise<number> {
    let bytes = 0;
    let last: number | null = 0;
    while (last !== null) {
      const query = [`max-parts=${PAGE}`, `part-number-marker=${last}`, `uploadId=${encodeURIComponent(uploadId)}`];
      const text = await this.#listing(query, key).catch((error: unknown) => {
        const cause = error instanceof FrostbyteError ? error.cause : undefined;
        if (cause instanceof Refusal && cause.code === 'NoSuchUpload') return null;
        throw error;
      });
      if (text === null) return 0;
      const page = parsePartPage(text);
      for (const size of page.sizes) bytes += size;
      last = page.next;
    }
    return bytes;
  }

  /** Throws unless each of them is gone then; one that was not there is no error. */
  async removeVersions(versions: readonly Version[]): Promise<void> {
    const [first] = versions;
    if (first !== undefined) await this.#writing(first.name, () => this.#removeVersions(versions));
  }

  close(): void {
    this.#connection.close();
  }

  #listing(query: readonly string[], key?: string): Promise<string> {
    const asked = { method: 'GET', bucketName: this.name, query: query.join('&') };
    return this.#repeat(async () => {
      const answer = await this.#client.makeRequestAsync(key === undefined ? asked : { ...asked, objectName: key });
      return (await gather(answer)).toString('utf8');
    });
  }

  async #put(key: string, bytes: Uint8Array): Promise<string | null> {
    const answer = await this.#client.makeRequestAsyncOmit(
      { method: 'PUT', bucketName: this.name, objectName: key },
      view(bytes),
    );
    const versionId = answer.headers['x-amz-version-id'];
    return typeof versionId === 'string' ? versionId : null;
  }

  async #removeVersions(versions: readonly Version[]): Promise<void> {
    // The client's types wrap each failure once more than its answers do.
    const failures: unknown[] = await this.#client.removeObjects(this.name, [...versions]);
    const failure = failures[0] as { Code?: string } | undefined;
    if (failure !== undefined) throw new Refusal(403, failure.Code ?? 'AccessDenied');
  }

  /** A server may answer 200 and fail after it: then the error is in the body. */
  async #answer(answered: Promise<IncomingMessage>): Promise<void> {
    const body = (await gather(await answered)).toString('utf8');
    const code = /<Error>.*?<Code>([A-Za-z0-9]{1,80})<\/Code>/s.exec(body)?.[1];
    if (code !== undefined) throw new Refusal(500, code);
  }

  async #writing<T>(key: string, work: (attempt: number) => Promise<T>): Promise<T> {
    try {
      return await this.#repeat(work);
    } catch (error) {
      throw await this.#explained(key, error);
    }
  }

  /** MinIO says `AccessDenied` of a disk that it may not write, too. Whether it lets us read tells the two apart. */
  async #explained(key: string, error: unknown): Promise<unknown> {
    const refused = error instanceof FrostbyteError && error.cause instanceof Refusal ? error.cause.code : undefined;
    if (refused !== 'AccessDenied') return error;
    const readable = await this.size(key).then(
      () => true,
      () => false,
    );
    return readable ? storeError(new Refusal(403, READ_BUT_NOT_WRITTEN)) : error;
  }

  #repeat<T>(work: (attempt: number) => Promise<T>): Promise<T> {
    return repeated((attempt) => this.#circuit.run(() => work(attempt)));
  }
}
