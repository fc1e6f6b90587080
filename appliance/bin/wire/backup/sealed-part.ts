import { createReadStream, statSync } from 'node:fs';
import { entryHeader } from '../../../bundle/backup/entry-header.ts';
import type { Write } from '../../../bundle/backup/write-tar.ts';
import { paddingOf, TAR_END } from '../../../bundle/format/tar.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { AgeWriter } from '../../../secrets/age-file.ts';

/** A tar inside an age file, as a stream: one part of a backup. `age -d -i KEY PART | tar -x` opens it. */
export class SealedPart {
  readonly #age: AgeWriter;
  readonly #write: Write;

  private constructor(age: AgeWriter, write: Write) {
    this.#age = age;
    this.#write = write;
  }

  static async begin(recipient: string, write: Write): Promise<SealedPart> {
    return new SealedPart(await AgeWriter.start([recipient]), write);
  }

  /** Adds a file of as many bytes as were said. Throws `STORE_UNAVAILABLE` where there are others. */
  async add(path: string, size: number, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#push(entryHeader({ path, size }));
    let left = size;
    for await (const bytes of source) {
      left -= bytes.byteLength;
      await this.#push(bytes);
    }
    if (left !== 0)
      throw new FrostbyteError(
        'STORE_UNAVAILABLE',
        'Something was replaced while it was copied. Run the backup again.',
      );
    await this.#push(Buffer.alloc(paddingOf(size)));
  }

  /** Adds a file of the disk that nobody changes meanwhile. */
  addFile(path: string, file: string): Promise<void> {
    return this.add(path, statSync(file).size, createReadStream(file, { highWaterMark: 1 << 20 }));
  }

  addBytes(path: string, bytes: Uint8Array): Promise<void> {
    return this.add(path, bytes.byteLength, [bytes]);
  }

  async end(): Promise<void> {
    await this.#push(TAR_END);
    for (const sealed of this.#age.end()) await this.#write(sealed);
  }

  async #push(bytes: Uint8Array): Promise<void> {
    for (const sealed of this.#age.push(bytes)) await this.#write(sealed);
  }
}

/** A file as one age file. */
export async function sealFile(recipient: string, file: string, write: Write): Promise<void> {
  const age = await AgeWriter.start([recipient]);
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 }))
    for (const sealed of age.push(bytes as Buffer)) await write(sealed);
  for (const sealed of age.end()) await write(sealed);
}
