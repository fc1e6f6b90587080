import { Readable } from 'node:stream';
import { giveBack } from '../kernel/give-back.ts';
import { corrupted, HEADER_BYTES, headerLength, makeHeader, NONCE_BYTES, openHeader } from './age-header.ts';
import { PayloadOpener, PayloadSealer, plainPayloadSize, sealedPayloadSize } from './age-payload.ts';

/**
 * age v1 files (https://age-encryption.org/v1), whole or as streams; the `age` tool reads what is written here and the
 * other way round.
 */

/** Encrypts a file piece by piece. Both methods answer the bytes that are complete so far, in order. */
export class AgeWriter {
  readonly #sealer: PayloadSealer;
  #header: Buffer | null;

  private constructor(header: Buffer, key: Buffer) {
    this.#header = header;
    this.#sealer = new PayloadSealer(key);
  }

  /** Starts a file for these recipients (`age1…`). */
  static async start(recipients: readonly string[]): Promise<AgeWriter> {
    const { bytes, key } = await makeHeader(recipients);
    return new AgeWriter(bytes, key);
  }

  push(data: Uint8Array): Buffer[] {
    return this.#headed(this.#sealer.push(data));
  }

  end(): Buffer[] {
    return this.#headed(this.#sealer.end());
  }

  #headed(sealed: Buffer[]): Buffer[] {
    if (this.#header === null) return sealed;
    const header = this.#header;
    this.#header = null;
    return [header, ...sealed];
  }
}

/** Decrypts a file piece by piece. Both methods answer proven plaintext and throw `OBJECT_CORRUPTED`. */
export class AgeReader {
  readonly #identities: readonly string[];
  #head: Buffer = Buffer.alloc(0);
  #opener: PayloadOpener | null = null;

  /** Identities are `AGE-SECRET-KEY-1…`; they are tried in order. */
  constructor(identities: readonly string[]) {
    this.#identities = identities;
  }

  /** Throws `KEY_UNAVAILABLE` when no identity opens the file. */
  async push(data: Uint8Array): Promise<Buffer[]> {
    if (this.#opener !== null) return this.#opener.push(data);
    this.#head = Buffer.concat([this.#head, data]);
    const header = headerLength(this.#head);
    if (header === null || this.#head.length < header + NONCE_BYTES) return [];
    const payload = header + NONCE_BYTES;
    const key = await openHeader(
      this.#identities,
      this.#head.subarray(0, header),
      this.#head.subarray(header, payload),
    );
    this.#opener = new PayloadOpener(key);
    const rest = this.#head.subarray(payload);
    this.#head = Buffer.alloc(0);
    return this.#opener.push(rest);
  }

  end(): Buffer[] {
    if (this.#opener === null) throw corrupted();
    return this.#opener.end();
  }
}

/** Encrypts a whole file in memory. */
export async function seal(recipients: readonly string[], bytes: Uint8Array): Promise<Buffer> {
  const writer = await AgeWriter.start(recipients);
  return Buffer.concat([...writer.push(bytes), ...writer.end()]);
}

/** Decrypts a whole file in memory. Throws `KEY_UNAVAILABLE`, `OBJECT_CORRUPTED`. */
export async function open(identities: readonly string[], bytes: Uint8Array): Promise<Buffer> {
  const reader = new AgeReader(identities);
  return Buffer.concat([...(await reader.push(bytes)), ...reader.end()]);
}

/** Chunks of 64 KiB that are decrypted ahead of their reader. */
const CHUNKS_AHEAD = 16;

/**
 * The plaintext of an encrypted stream, chunk by chunk as it is proven. The stream fails with `OBJECT_CORRUPTED` or
 * `KEY_UNAVAILABLE`; until it ended well, the reader cannot know that nothing was cut.
 */
export function openStream(identities: readonly string[], sealed: Readable): Readable {
  // Chunk by chunk: a stream of bytes would join what waits into one large copy for whoever iterates.
  return Readable.from(decrypt(identities, sealed), { highWaterMark: CHUNKS_AHEAD });
}

async function* decrypt(identities: readonly string[], sealed: Readable): AsyncIterable<Buffer> {
  const reader = new AgeReader(identities);
  for await (const chunk of sealed) {
    for (const plain of await reader.push(chunk as Buffer)) if (plain.length > 0) yield plain;
    giveBack(chunk as Buffer);
  }
  yield* reader.end();
}

/** Bytes of the age file that `seal` makes of `plain` bytes for one recipient. */
export function sealedSize(plain: number): number {
  return HEADER_BYTES + NONCE_BYTES + sealedPayloadSize(plain);
}

/** Bytes of plaintext in a file for one recipient, from its size alone. Throws `OBJECT_CORRUPTED` if none has it. */
export function plainSize(sealed: number): number {
  return plainPayloadSize(sealed - HEADER_BYTES - NONCE_BYTES);
}
