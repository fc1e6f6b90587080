import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { TarStream } from '../../../bundle/backup/tar-stream.ts';
import { SIGNATURE, SUMS } from '../../../bundle/export/format.ts';
import { diskError } from '../../../kernel/durable-file.ts';
import { AgeWriter } from '../../../secrets/age-file.ts';

/**
 * The file of an export that is being made: a tar, as it is or as an age file for a recipient. What goes in is hashed on the way,
 * and the list of all is its end.
 */
export class ExportFile {
  readonly #tar: TarStream;
  readonly #finish: () => Promise<void>;
  readonly #abandon: () => Promise<void>;
  readonly #sums: string[] = [];

  private constructor(tar: TarStream, finish: () => Promise<void>, abandon: () => Promise<void>) {
    this.#tar = tar;
    this.#finish = finish;
    this.#abandon = abandon;
  }

  /** Begins the file anew, mode 0600. Throws as `diskError`. */
  static async begin(file: string, recipient: string | null): Promise<ExportFile> {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const handle = await open(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600).catch((error: unknown) => {
      throw diskError(error, file);
    });
    const put = async (bytes: Uint8Array): Promise<void> => {
      try {
        for (let done = 0; done < bytes.byteLength; )
          done += (await handle.write(bytes, done, bytes.byteLength - done)).bytesWritten;
      } catch (error) {
        throw diskError(error, file);
      }
    };
    const age = recipient === null ? null : await AgeWriter.start([recipient]);
    const write =
      age === null
        ? put
        : async (bytes: Uint8Array) => {
            for (const sealed of age.push(bytes)) await put(sealed);
          };
    const finish = async () => {
      for (const sealed of age?.end() ?? []) await put(sealed);
      await handle.sync();
      await handle.close();
    };
    return new ExportFile(new TarStream(write), finish, () => handle.close());
  }

  /** Adds a file of so many bytes; what they hash to is answered, and listed. */
  async add(path: string, size: number, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
    const hash = createHash('sha256');
    async function* hashed() {
      for await (const bytes of source) {
        hash.update(bytes);
        yield bytes;
      }
    }
    await this.#tar.add(path, size, hashed());
    const sha256 = hash.digest('hex');
    this.#sums.push(`${sha256}  ${path}\n`);
    return sha256;
  }

  addBytes(path: string, bytes: Uint8Array): Promise<string> {
    return this.add(path, bytes.byteLength, [bytes]);
  }

  /** Writes the list of all, and its signature by `sign`. The file is on the disk on return. */
  async end(sign: (sums: Buffer) => string): Promise<void> {
    const sums = Buffer.from(this.#sums.join(''));
    await this.#tar.addBytes(SUMS, sums);
    await this.#tar.addBytes(SIGNATURE, Buffer.from(sign(sums)));
    await this.#tar.end();
    await this.#finish();
  }

  /** Closes a file that comes to nothing. */
  abandon(): Promise<void> {
    return this.#abandon().catch(() => undefined);
  }
}
