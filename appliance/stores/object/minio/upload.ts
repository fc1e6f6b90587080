import { sideBySide } from '../../../kernel/side-by-side.ts';
import type { Bucket, Upload } from './bucket.ts';

/** Parts after which the next ones are twice as large: 10,000 parts, the protocol's limit, are then 300 GiB. */
const DOUBLED_AFTER = 2500;
/** The first parts, in bytes. The protocol allows no less than 5 MiB but for the last one. */
export const PART_BYTES = 8 << 20;
/** What the server copies in one call, so that none lasts long. */
const COPY_BYTES = 64 << 20;
const COPIES_AT_ONCE = 4;

/** An object that is sent or copied in parts; the key shows nothing before `complete`. */
export class PartedUpload {
  readonly #bucket: Bucket;
  readonly #upload: Upload;
  readonly #tags: string[] = [];
  #bytes = 0;

  private constructor(bucket: Bucket, upload: Upload) {
    this.#bucket = bucket;
    this.#upload = upload;
  }

  static async begin(bucket: Bucket, key: string): Promise<PartedUpload> {
    return new PartedUpload(bucket, { key, uploadId: await bucket.beginUpload(key) });
  }

  get key(): string {
    return this.#upload.key;
  }

  /** Bytes that the next part should have, unless it is the last. */
  get partBytes(): number {
    return PART_BYTES * 2 ** Math.floor(this.#tags.length / DOUBLED_AFTER);
  }

  /** Sends the next part; one at a time. */
  async add(bytes: Uint8Array): Promise<void> {
    const tag = await this.#bucket.part(this.#upload, this.#tags.length + 1, bytes);
    this.#tags.push(tag);
    this.#bytes += bytes.byteLength;
  }

  /** Has the server copy the parts from an object of `size` bytes. */
  async copyFrom(key: string, size: number): Promise<void> {
    const count = Math.ceil(size / COPY_BYTES);
    await sideBySide(Array(count).keys(), COPIES_AT_ONCE, async (part) => {
      const bytes = `${part * COPY_BYTES}-${Math.min(size, (part + 1) * COPY_BYTES) - 1}`;
      this.#tags[part] = await this.#bucket.part(this.#upload, part + 1, { key, bytes });
    });
    this.#bytes += size;
  }

  /** Makes the object visible under its key; the version that this made, where it is known. */
  complete(): Promise<string | null> {
    const whole = async () => (await this.#bucket.size(this.key)) === this.#bytes;
    return this.#bucket.completeUpload(this.#upload, this.#tags, whole);
  }

  abort(): Promise<void> {
    return this.#bucket.abortUpload(this.#upload);
  }
}

/** Copies an object within the server, in parts where it is large. Whole or not at all. */
export async function copyObject(bucket: Bucket, from: string, to: string, size: number): Promise<void> {
  if (size <= COPY_BYTES) return bucket.copy(from, to);
  const upload = await PartedUpload.begin(bucket, to);
  try {
    await upload.copyFrom(from, size);
    await upload.complete();
  } catch (error) {
    await upload.abort().catch(() => undefined);
    throw error;
  }
}
