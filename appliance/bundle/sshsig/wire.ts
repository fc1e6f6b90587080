/** The encoding of SSH (RFC 4251, section 5): big-endian integers and byte strings with their length before them. */

/** Thrown by `WireReader`: what was read is not in this encoding. Callers say what it was. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** A byte string with its length before it. */
export function wireString(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([wireNumber(bytes.length), bytes]);
}

/** A 32-bit unsigned integer. */
export function wireNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Reads fields one after another; never past the end, and never more than is there. Throws `WireError`. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(): number {
    return this.raw(4).readUInt32BE();
  }

  string(): Buffer {
    return this.raw(this.number());
  }

  text(): string {
    return this.string().toString('utf8');
  }

  raw(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new WireError('it ends in the middle of a field');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  rest(): Buffer {
    return this.raw(this.#bytes.length - this.#at);
  }

  /** That nothing follows. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new WireError('something follows its last field');
  }
}
