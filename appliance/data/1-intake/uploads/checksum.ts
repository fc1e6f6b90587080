import { createHash, type Hash } from 'node:crypto';
import { CHECKSUM_ALGORITHMS } from '../../../api/schemas/uploads.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';

/** The body is not the one that `Upload-Checksum` names. Tus has a status of its own for it. */
export class ChecksumMismatch extends Error {
  override readonly name = 'ChecksumMismatch';
}

/** Proves a body against its `Upload-Checksum` header. */
export class Checksum {
  readonly #hash: Hash;
  readonly #expected: Buffer;

  /** Throws `VALIDATION_ERROR` for an algorithm that is not ours. */
  constructor(header: string) {
    const [algorithm = '', value = ''] = header.split(' ');
    if (!(CHECKSUM_ALGORITHMS as readonly string[]).includes(algorithm)) {
      throw new FrostbyteError('VALIDATION_ERROR', 'The checksum’s algorithm is not known here.', {
        details: [{ field: 'upload-checksum', constraint: `one of ${CHECKSUM_ALGORITHMS.join(', ')}` }],
      });
    }
    this.#hash = createHash(algorithm);
    this.#expected = Buffer.from(value, 'base64');
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** Once, behind the last byte. Throws `ChecksumMismatch`. */
  verify(): void {
    if (!this.#hash.digest().equals(this.#expected)) throw new ChecksumMismatch('the checksum differs');
  }
}
