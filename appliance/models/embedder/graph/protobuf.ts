/**
 * Writes protocol buffers, as much of them as an ONNX file is made of. Fields come out in the order in which they are
 * written, so equal calls make equal bytes. Throws `RangeError` for an integer that is no safe one.
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  /** An integer or enumeration; negative ones take ten bytes, as the format has it. */
  int(field: number, value: number): this {
    this.#key(field, VARINT);
    this.#parts.push(varint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.#key(field, FIXED32);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.#parts.push(bytes);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#key(field, LENGTH);
    this.#parts.push(varint(value.length), value);
    return this;
  }

  /** A message inside this one. */
  message(field: number, inner: MessageWriter): this {
    return this.bytes(field, inner.done());
  }

  /** Integers packed into one field. */
  ints(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map(varint)));
  }

  done(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #key(field: number, type: number): void {
    this.#parts.push(varint(field * 8 + type));
  }
}

/** Wire types. */
const VARINT = 0;
const LENGTH = 2;
const FIXED32 = 5;

function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? low : low | 0x80);
  } while (left !== 0n);
  return Uint8Array.from(bytes);
}
