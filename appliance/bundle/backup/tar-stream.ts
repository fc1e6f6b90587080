import { FrostbyteError } from '../../kernel/errors.ts';
import { paddingOf, TAR_END } from '../format/tar.ts';
import { entryHeader } from './entry-header.ts';
import type { Write } from './write-tar.ts';

/** A tar that goes out as it is made, entry by entry, into whatever takes bytes: sizes are known before. */
export class TarStream {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Adds a file of as many bytes as were said. Throws `STORE_UNAVAILABLE` where there are others. */
  async add(path: string, size: number, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#write(entryHeader({ path, size }));
    let left = size;
    for await (const bytes of source) {
      left -= bytes.byteLength;
      await this.#write(bytes);
    }
    if (left !== 0)
      throw new FrostbyteError('STORE_UNAVAILABLE', 'Something was replaced while it was copied. Run it again.');
    await this.#write(Buffer.alloc(paddingOf(size)));
  }

  addBytes(path: string, bytes: Uint8Array): Promise<void> {
    return this.add(path, bytes.byteLength, [bytes]);
  }

  async end(): Promise<void> {
    await this.#write(TAR_END);
  }
}
