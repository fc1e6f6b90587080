import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { corrupted } from './age-header.ts';

/**
 * The payload of an age v1 file (STREAM): chunks of 64 KiB under ChaCha20-Poly1305, each with its number in the nonce
 * and the last one flagged, so that no chunk can be cut, moved, repeated or added.
 */
export const CHUNK_BYTES = 64 << 10;
export const TAG_BYTES = 16;
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;

/** Bytes of the payload for `plain` bytes of plaintext. */
export function sealedPayloadSize(plain: number): number {
  return plain + TAG_BYTES * Math.max(1, Math.ceil(plain / CHUNK_BYTES));
}

/** Bytes of plaintext behind a payload of `sealed` bytes. Throws `OBJECT_CORRUPTED` for a size that none has. */
export function plainPayloadSize(sealed: number): number {
  const chunks = Math.ceil(sealed / SEALED_BYTES);
  const plain = sealed - chunks * TAG_BYTES;
  if (plain < 0 || sealedPayloadSize(plain) !== sealed) throw corrupted();
  return plain;
}

/** 88 bits of chunk number, then the flag of the last chunk. Numbers fit 48 bits: 2^48 chunks are 16 EiB. */
class Nonce {
  readonly #bytes = Buffer.alloc(12);
  #number = 0;

  next(last: boolean): Buffer {
    this.#bytes.writeUIntBE(this.#number++, 5, 6);
    this.#bytes[11] = last ? 1 : 0;
    return this.#bytes;
  }
}

/**
 * Encrypts what is pushed. Whole chunks are encrypted where they lie; only the remainder of a push is copied (at most
 * 64 KiB). Memory: one chunk beside what is passed through.
 */
export class PayloadSealer {
  readonly #key: KeyObject;
  readonly #nonce = new Nonce();
  readonly #rest = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #filled = 0;

  constructor(key: Buffer) {
    // Made once: given as bytes, the key would be wrapped anew for every chunk.
    this.#key = createSecretKey(key);
  }

  /** Ciphertext that is complete so far, in order; often none. */
  push(data: Uint8Array): Buffer[] {
    const sealed: Buffer[] = [];
    let at = 0;
    // A full chunk is held back until another byte shows that it is not the last.
    if (this.#filled > 0 && this.#filled + data.byteLength > CHUNK_BYTES) {
      at = CHUNK_BYTES - this.#filled;
      this.#rest.set(data.subarray(0, at), this.#filled);
      this.#filled = 0;
      this.#seal(this.#rest, false, sealed);
    }
    while (data.byteLength - at > CHUNK_BYTES) {
      this.#seal(data.subarray(at, at + CHUNK_BYTES), false, sealed);
      at += CHUNK_BYTES;
    }
    this.#rest.set(data.subarray(at), this.#filled);
    this.#filled += data.byteLength - at;
    return sealed;
  }

  /** The last chunk. */
  end(): Buffer[] {
    const sealed: Buffer[] = [];
    this.#seal(this.#rest.subarray(0, this.#filled), true, sealed);
    this.#rest.fill(0);
    return sealed;
  }

  #seal(chunk: Uint8Array, last: boolean, into: Buffer[]): void {
    const cipher = createCipheriv('chacha20-poly1305', this.#key, this.#nonce.next(last), { authTagLength: TAG_BYTES });
    const body = cipher.update(chunk);
    cipher.final();
    into.push(body, cipher.getAuthTag());
  }
}

/**
 * Decrypts what is pushed. Nothing comes out before its chunk's tag was checked; that the file was not cut between two
 * chunks is known only after `end`. Memory: one chunk beside what is passed through.
 */
export class PayloadOpener {
  readonly #key: KeyObject;
  readonly #nonce = new Nonce();
  readonly #rest = Buffer.allocUnsafeSlow(SEALED_BYTES);
  #filled = 0;
  #opened = 0;

  constructor(key: Buffer) {
    // Made once: given as bytes, the key would be wrapped anew for every chunk.
    this.#key = createSecretKey(key);
  }

  /** Plaintext that is proven so far, in order. Throws `OBJECT_CORRUPTED`. */
  push(data: Uint8Array): Buffer[] {
    const plain: Buffer[] = [];
    let at = 0;
    if (this.#filled > 0 && this.#filled + data.byteLength > SEALED_BYTES) {
      at = SEALED_BYTES - this.#filled;
      this.#rest.set(data.subarray(0, at), this.#filled);
      this.#filled = 0;
      plain.push(this.#open(this.#rest, false));
    }
    while (data.byteLength - at > SEALED_BYTES) {
      plain.push(this.#open(data.subarray(at, at + SEALED_BYTES), false));
      at += SEALED_BYTES;
    }
    this.#rest.set(data.subarray(at), this.#filled);
    this.#filled += data.byteLength - at;
    return plain;
  }

  /** The last chunk. Throws `OBJECT_CORRUPTED` when the payload was cut or something follows it. */
  end(): Buffer[] {
    const plain = this.#open(this.#rest.subarray(0, this.#filled), true);
    // Only an empty file ends with an empty chunk.
    if (plain.length === 0 && this.#opened > 1) throw corrupted();
    return plain.length === 0 ? [] : [plain];
  }

  #open(chunk: Uint8Array, last: boolean): Buffer {
    if (chunk.byteLength < TAG_BYTES) throw corrupted();
    const body = chunk.subarray(0, chunk.byteLength - TAG_BYTES);
    const decipher = createDecipheriv('chacha20-poly1305', this.#key, this.#nonce.next(last), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(chunk.subarray(body.byteLength));
    const plain = decipher.update(body);
    try {
      decipher.final();
    } catch (error) {
      throw corrupted(error);
    }
    this.#opened++;
    return plain;
  }
}
