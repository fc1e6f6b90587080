/** Bytes that come in pieces of any length, asked for in others. Memory: the piece that came last. */
export class ByteSource {
  readonly #stream: AsyncIterator<Uint8Array>;
  readonly #cut: () => Error;
  #held: Buffer = Buffer.alloc(0);

  /** `cut` is thrown where the stream ends before all that was asked for came. */
  constructor(stream: AsyncIterable<Uint8Array>, cut: () => Error) {
    this.#stream = stream[Symbol.asyncIterator]();
    this.#cut = cut;
  }

  /** So many bytes, piece by piece. */
  async *take(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      const part = await this.next(left);
      if (part === null) throw this.#cut();
      left -= part.length;
      yield part;
    }
  }

  /** So many bytes in one. */
  async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.take(length)) parts.push(part);
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.take(length));
  }

  /** At most so many of what comes next; null at the end of the stream. */
  async next(most = Number.POSITIVE_INFINITY): Promise<Buffer | null> {
    while (this.#held.length === 0) {
      const { value, done } = await this.#stream.next();
      if (done) return null;
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }
}
