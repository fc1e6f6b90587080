import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * multipart/form-data (RFC 7578) read by pulling: the next part is looked for when the one before was read, so that the
 * sender is held back by what we do with its bytes. Chunks are passed on without a copy; a copy of a chunk is made only
 * where it ends in what may be the start of a boundary. O(n) time, memory of a chunk and a boundary.
 */
export interface Part {
  name: string;
  /** Data, not a path. Null where the part has none. */
  filename: string | null;
  /** The content; must be read to its end (or not at all: the next `next` skips it). Throws `BodyBroken`. */
  content: AsyncIterable<Buffer>;
}

/** The body ended, or failed, before its closing boundary. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
}

const LONGEST_HEADERS = 16 << 10;
const LONGEST_PREAMBLE = 64 << 10;
const CRLF = Buffer.from('\r\n');
const BLANK_LINE = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** The boundary of a content type. Throws `MANIFEST_INVALID` where it is not multipart/form-data with one. */
export function boundaryOf(contentType: string): string {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined) return boundary;
  throw malformed('A batch is sent as multipart/form-data with a boundary.');
}

export class MultipartReader {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #delimiter: Buffer;
  // The first boundary needs no line end before it.
  #held: Buffer = CRLF;
  /** Between the boundaries of a part whose content was not read to its end. */
  #inside = false;
  #preamble = true;
  #closed = false;

  constructor(source: AsyncIterator<Uint8Array>, boundary: string) {
    this.#source = source;
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The next part, or null behind the closing boundary. Throws `BodyBroken`, `MANIFEST_INVALID`. */
  async next(): Promise<Part | null> {
    if (this.#closed) return null;
    if (this.#preamble) await this.#skipPreamble();
    else if (this.#inside) for await (const _ of this.#content());
    // Behind a boundary stand two dashes, or the end of its line.
    while (this.#held.length < 2) await this.#more();
    if (this.#held[0] === 0x2d && this.#held[1] === 0x2d) {
      this.#closed = true;
      this.#held = NOTHING;
      return null;
    }
    const headers = await this.#headers();
    this.#inside = true;
    return { ...disposition(headers), content: this.#content() };
  }

  /** Reads what follows and forgets it, at most `limit` bytes; then the source is told to stop. Never throws. */
  async drain(limit: number): Promise<void> {
    this.#closed = true;
    this.#held = NOTHING;
    try {
      for (let seen = 0; seen <= limit; ) {
        const { done, value } = await this.#source.next();
        if (done) return;
        seen += value.byteLength;
      }
      await this.#source.return?.();
    } catch {
      // The sender is gone: nothing left to drain.
    }
  }

  async *#content(): AsyncGenerator<Buffer, void, void> {
    while (this.#inside) {
      const found = this.#held.indexOf(this.#delimiter);
      if (found >= 0) {
        const last = this.#held.subarray(0, found);
        this.#held = this.#held.subarray(found + this.#delimiter.length);
        this.#inside = false;
        if (last.length > 0) yield last;
        return;
      }
      const keep = this.#startsLate();
      const ready = this.#held.subarray(0, keep);
      this.#held = this.#held.subarray(keep);
      if (ready.length > 0) yield ready;
      // The reader may have asked for the next part meanwhile.
      if (this.#inside) await this.#more();
    }
  }

  /** Where a boundary may begin that the next chunk completes; the length when nowhere. */
  #startsLate(): number {
    const held = this.#held;
    const from = Math.max(0, held.length - this.#delimiter.length + 1);
    for (let at = held.indexOf(0x0d, from); at >= 0; at = held.indexOf(0x0d, at + 1)) {
      if (this.#delimiter.subarray(0, held.length - at).equals(held.subarray(at))) return at;
    }
    return held.length;
  }

  async #skipPreamble(): Promise<void> {
    this.#preamble = false;
    this.#inside = true;
    let seen = 0;
    for await (const chunk of this.#content()) {
      seen += chunk.length;
      if (seen > LONGEST_PREAMBLE) throw malformed('The body does not begin with its boundary.');
    }
  }

  /** The header lines of a part, the line end of the boundary included. */
  async #headers(): Promise<string> {
    for (;;) {
      const end = this.#held.indexOf(BLANK_LINE);
      if (end > LONGEST_HEADERS || (end < 0 && this.#held.length > LONGEST_HEADERS))
        throw malformed('A part’s headers are too long.');
      if (end >= 0) {
        const text = this.#held.subarray(0, end).toString('utf8');
        this.#held = this.#held.subarray(end + BLANK_LINE.length);
        if (!/^[ \t]*\r\n/.test(text)) throw malformed('A boundary is not followed by a part.');
        return text;
      }
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    let step: IteratorResult<Uint8Array>;
    try {
      step = await this.#source.next();
    } catch (error) {
      throw new BodyBroken('the body failed', { cause: error });
    }
    if (step.done) throw new BodyBroken('the body ended early');
    const { buffer, byteOffset, byteLength } = step.value;
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }
}

/** Name and file name of a part. Throws `MANIFEST_INVALID` where the part has no name. */
function disposition(headers: string): { name: string; filename: string | null } {
  const line = headers.split('\r\n').find((each) => /^content-disposition[ \t]*:/i.test(each)) ?? '';
  const parameters = new Map<string, string>();
  for (const [, key = '', quoted, plain] of line.matchAll(
    /;\s*([a-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gi,
  )) {
    // The first of a repeated parameter counts; browsers write quotes as %22 and only some tools a backslash.
    const value = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"');
    if (!parameters.has(key.toLowerCase())) parameters.set(key.toLowerCase(), value);
  }
  const name = parameters.get('name');
  if (!/:\s*form-data\s*(?:;|$)/i.test(line) || name === undefined) throw malformed('A part has no name.');
  return { name, filename: parameters.get('filename') ?? null };
}

function malformed(message: string): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', message, {
    details: [{ field: 'body', constraint: 'multipart/form-data with a part "manifest" and one part for each file' }],
  });
}
