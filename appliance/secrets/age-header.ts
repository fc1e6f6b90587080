import { hkdfSync, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter } from 'age-encryption';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * Headers of age v1 files. The `age-encryption` library makes and reads them (recipients, stanzas, MAC); the payload is
 * ours (`age-payload.ts`), since the library's own runs in plain JavaScript.
 */

/** Bytes of the payload nonce that follows the header. */
export const NONCE_BYTES = 16;
/** Bytes of the header that a single X25519 recipient makes, MAC line included: what `seal` writes. */
export const HEADER_BYTES = 168;
/** A header longer than this is not one of ours, nor one that a person's tool makes. */
const LONGEST_HEADER = 64 << 10;
/** An empty file as the library writes it: the header, a nonce, and the tag of the empty last chunk. */
const EMPTY_PAYLOAD = NONCE_BYTES + 16;

/** Starts a file: its header and nonce as bytes, and the key of its payload. Recipients are `age1…`. */
export async function makeHeader(recipients: readonly string[]): Promise<{ bytes: Buffer; key: Buffer }> {
  const encrypter = new Encrypter();
  let fileKey: Uint8Array | undefined;
  // A recipient without a stanza: it only sees the file key that the others get.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  if (recipients.length === 0) throw new TypeError('an age file needs a recipient');
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const empty = await encrypter.encrypt(new Uint8Array(0));
  if (fileKey === undefined) throw new TypeError('the age library did not ask the recipient');
  const nonce = randomBytes(NONCE_BYTES);
  const bytes = Buffer.concat([empty.subarray(0, empty.length - EMPTY_PAYLOAD), nonce]);
  return { bytes, key: payloadKey(fileKey, nonce) };
}

/**
 * Length of the header at the start of `bytes`, without the nonce, or null while it has not come whole. Throws
 * `OBJECT_CORRUPTED` where no header can be.
 */
export function headerLength(bytes: Buffer): number | null {
  const end = bytes.indexOf('\n--- ');
  const newline = end < 0 ? -1 : bytes.indexOf(0x0a, end + 5);
  if (newline >= 0 && newline < LONGEST_HEADER) return newline + 1;
  if (bytes.length < LONGEST_HEADER) return null;
  throw corrupted();
}

/**
 * The payload key behind a header and its nonce. Throws `KEY_UNAVAILABLE` when no identity opens it, and
 * `OBJECT_CORRUPTED` when the header is malformed or its MAC is wrong.
 */
export async function openHeader(
  identities: readonly string[],
  header: Uint8Array,
  nonce: Uint8Array,
): Promise<Buffer> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  let fileKey: Uint8Array;
  try {
    fileKey = await decrypter.decryptHeader(header);
  } catch (error) {
    // The library has no error codes; this message is the one case that is no damage.
    if (error instanceof Error && error.message.startsWith('no identity matched')) {
      throw new FrostbyteError('KEY_UNAVAILABLE', 'None of the keys at hand opens this age file.');
    }
    throw corrupted(error);
  }
  return payloadKey(fileKey, nonce);
}

/** The error for an age file that was cut, changed or is none. Says nothing of its content. */
export function corrupted(cause?: unknown): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'The age file was changed, cut or is not one.', { cause });
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}
