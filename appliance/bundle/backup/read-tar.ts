import { FrostbyteError } from '../../kernel/errors.ts';
import { BLOCK, paddingOf } from '../format/tar.ts';
import { extendedSize, readHeader } from './entry-header.ts';

/** One file of a tar that is being read. */
export interface TarFile {
  path: string;
  size: number;
  /** Its bytes; what is not taken is skipped when the next file is asked for. */
  content(): AsyncGenerator<Buffer>;
}

/** Paths that may be made below a folder: relative, plain, no `.` and no `..`. */
const SAFE = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._/-]{1,255}$/;

/**
 * The files of a tar, in order, from a stream of its bytes. Memory: what a chunk of the stream holds. Throws
 * `OBJECT_CORRUPTED` for a tar that was cut, or holds anything but plain files under safe paths.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new Source(stream);
  for (let size: number | null = null; ; ) {
    const header = readHeader(await source.block());
    if (header === 'end') {
      if (readHeader(await source.block()) !== 'end') throw damaged('half an end');
      break;
    }
    if (header === null) throw damaged('a header that is none of ours');
    if (header.kind === 'extended') {
      size = extendedSize(await source.block());
      if (size === null) throw damaged('an extended header that says more than a size');
      continue;
    }
    const { path } = header;
    if (!SAFE.test(path)) throw damaged('a path that leads elsewhere');
    const length: number = size ?? header.size;
    size = null;
    const body = source.take(length);
    yield { path, size: length, content: () => body };
    for await (const _ of body);
    await source.skip(paddingOf(length));
  }
  await source.end();
}

/** Bytes that come in pieces of any length. */
class Source {
  readonly #stream: AsyncIterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#stream = stream[Symbol.asyncIterator]();
  }

  async block(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.take(BLOCK)) parts.push(part);
    return Buffer.concat(parts);
  }

  async *take(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#held.length === 0) await this.#more();
      const part = this.#held.subarray(0, left);
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  /** To the end of the stream, so that whoever makes it can say whether it was cut. Behind a tar's end is nothing. */
  async end(): Promise<void> {
    for (;;) {
      if (this.#held.length > 0) throw damaged('something behind its end');
      const next = await this.#stream.next();
      if (next.done) return;
      this.#held = asBuffer(next.value);
    }
  }

  async #more(): Promise<void> {
    const next = await this.#stream.next();
    if (next.done) throw damaged('an end before its time');
    this.#held = asBuffer(next.value);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function damaged(what: string): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The file is damaged: its tar has ${what}. Copy it again, or take another.`,
  );
}
