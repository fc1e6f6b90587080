import { Dicer } from '@fastify/busboy';
import { drainBody } from './body.ts';
import { disposition, type Headers } from './disposition.ts';
import { malformed } from './malformed-body.ts';

/**
 * multipart/form-data (RFC 7578) read by pulling: the next part is looked for when the one before was read, so that the
 * sender is held back by what we do with its bytes. Boundaries and headers are found by the streaming parser of busboy,
 * `Dicer`. The form parser above it is left out: it skips parts without a name in silence, where here the batch is
 * refused. Chunks are passed on without a copy. O(n) time, memory of a chunk.
 */
export interface Part {
  name: string;
  /** Data, not a path. Null where the part has none. */
  filename: string | null;
  /** The content; must be read to its end (or not at all: the next `next` skips it). Throws `BodyBroken`. */
  content: AsyncIterable<Buffer>;
}

/** Where the parts of a batch come from. */
export interface PartSource {
  /** The next part, or null behind the last. Throws `BodyBroken`, `MANIFEST_INVALID`. */
  next(): Promise<Part | null>;
  /** True behind the last part. */
  readonly closed: boolean;
  /** Reads what follows and forgets it, at most `limit` bytes; then the source is told to stop. Never throws. */
  drain(limit: number): Promise<void>;
}

/** The body ended, or failed, before its closing boundary. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
}

const LONGEST_HEADERS = 16 << 10;
/** Lines and bytes of a part's headers that are looked at; browsers send two short lines. What is beyond is dropped. */
const HEADER_LIMITS = Object.freeze({ maxHeaderPairs: 32, maxHeaderSize: LONGEST_HEADERS });
const LONGEST_PREAMBLE = 64 << 10;
const SINGLE_BOUNDARY = /^multipart\/form-data\s*(?:;(?:"[^"]*"|[^"])*)?$/i;

/**
 * The boundary of a content type. Throws `MANIFEST_INVALID` where it is not multipart/form-data with exactly one: with
 * two, the next reader of the same body might take the other.
 */
export function boundaryOf(contentType: string): string {
  const [found, ...more] = SINGLE_BOUNDARY.test(contentType)
    ? contentType.matchAll(/;\s*boundary=(?:"([\x20-\x7e]{0,199}?[\x21-\x7e])"|([^\s;"]{1,200}))\s*(?=;|$)/gi)
    : [];
  const boundary = found?.[1] ?? found?.[2];
  if (boundary !== undefined && more.length === 0 && /^[\x20-\x7e]+$/.test(boundary)) return boundary;
  throw malformed('A batch is sent as multipart/form-data with one boundary.');
}

/** A part as far as the parser has come with it. */
interface Incoming {
  headers: Headers | null;
  pieces: Buffer[];
  /** Its closing boundary was seen. */
  ended: boolean;
}

/** What of a part stream is used here. */
interface PartStream {
  push(piece: Buffer | null): boolean;
  emit(event: 'end'): boolean;
  on(event: 'header', listener: (headers: Headers) => void): unknown;
}

export class MultipartReader implements PartSource {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #dicer: Dicer;
  /** Parts that the parser has found and nobody has asked for: those of one chunk. */
  readonly #found: Incoming[] = [];
  /** The part handed out last, until its end was read. */
  #current: Incoming | null = null;
  /** The part that the parser is in; null in the preamble. */
  #newest: Incoming | null = null;
  /** Bytes of whole chunks that brought neither a part nor the end of its headers. */
  #fruitless = 0;
  #failure: Error | null = null;
  /** The parser has met the closing boundary. */
  #complete = false;
  #closed = false;

  constructor(source: AsyncIterator<Uint8Array>, boundary: string) {
    this.#source = source;
    this.#dicer = new Dicer({ boundary, ...HEADER_LIMITS });
    this.#dicer.on('part', (stream) => this.#begin(stream as unknown as PartStream));
    this.#dicer.on('finish', () => {
      this.#complete = true;
    });
    this.#dicer.on('error', (error: Error) => {
      this.#failure ??= malformed('The body is not well-formed.', error);
    });
  }

  async next(): Promise<Part | null> {
    if (this.#closed) return null;
    if (this.#current !== null) for await (const _ of this.#content(this.#current));
    while (this.#found[0] === undefined && !this.#complete) await this.#feed();
    const part = this.#found.shift();
    if (part === undefined) {
      this.#closed = true;
      return null;
    }
    while (part.headers === null && !part.ended) await this.#feed();
    // A boundary among the headers ends the part before it has begun.
    if (part.headers === null) throw malformed('A boundary is not followed by a part.');
    this.#current = part;
    return { ...disposition(part.headers), content: this.#content(part) };
  }

  get closed(): boolean {
    return this.#closed;
  }

  async drain(limit: number): Promise<void> {
    this.#closed = true;
    this.#current = null;
    this.#found.length = 0;
    await drainBody(this.#source, limit);
  }

  async *#content(part: Incoming): AsyncGenerator<Buffer, void, void> {
    // The reader may ask for the next part while it holds a piece of this one.
    while (this.#current === part) {
      const piece = part.pieces.shift();
      if (piece !== undefined) yield piece;
      else if (part.ended) this.#current = null;
      else await this.#feed();
    }
  }

  /**
   * Pieces are taken in the moment that the parser pushes them: its part streams would hand them on in a later turn, when
   * nobody can tell any more whether the next chunk is needed.
   */
  #begin(stream: PartStream): void {
    const part: Incoming = { headers: null, pieces: [], ended: false };
    stream.on('header', (headers) => {
      part.headers = headers;
    });
    stream.push = (piece) => {
      if (piece !== null) part.pieces.push(piece);
      else {
        part.ended = true;
        stream.emit('end');
      }
      return true;
    };
    this.#newest = part;
    this.#found.push(part);
  }

  /** Gives the parser one more chunk; its events fire before this returns. */
  async #feed(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    let step: IteratorResult<Uint8Array>;
    try {
      step = await this.#source.next();
    } catch (error) {
      throw new BodyBroken('the body failed', { cause: error });
    }
    if (step.done) throw new BodyBroken('the body ended early');
    const { buffer, byteOffset, byteLength } = step.value;
    const before = this.#newest;
    const waiting = before === null || before.headers === null;
    try {
      this.#dicer.write(Buffer.from(buffer, byteOffset, byteLength));
    } catch (error) {
      throw malformed('The body is not well-formed.', error);
    }
    if (waiting && this.#newest === before && (before === null || before.headers === null))
      this.#fruitless += byteLength;
    else this.#fruitless = 0;
    if (this.#fruitless > LONGEST_PREAMBLE) throw malformed('The body does not begin with its boundary.');
    if (before !== null && this.#fruitless > LONGEST_HEADERS) throw malformed('A part’s headers are too long.');
  }
}
