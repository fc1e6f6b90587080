import { argon2, createCipheriv, createDecipheriv, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { FrostbyteError } from '../../../kernel/errors.ts';

/** Two ciphers that take the same arguments; Node's types know them one by one. */
type Cipher = 'aes-256-gcm';

/** How the key is derived and which cipher is used, by the byte after the salt. */
const KINDS = Object.freeze({
  0: { derive: byArgon2, cipher: 'aes-256-gcm' as Cipher },
  1: { derive: byArgon2, cipher: 'chacha20-poly1305' as Cipher },
  2: { derive: byPbkdf2, cipher: 'aes-256-gcm' as Cipher },
});
type Kind = keyof typeof KINDS;

const SALT_BYTES = 32;
const NONCE_BYTES = 8;
const HEADER_BYTES = SALT_BYTES + 1 + NONCE_BYTES;
const FRAGMENT_BYTES = 16_384;
const TAG_BYTES = 16;
const LAST = 0x80;

/**
 * A body of MinIO's admin API, sealed with the caller's secret key: `salt[32] | id[1] | nonce[8] | fragments`, id 2 (spec
 * 3, "MinIO users without `mc`"). Salt and nonce are random; tests pass their own.
 */
export async function sealBody(
  secretKey: string,
  plain: Uint8Array,
  salt: Buffer = randomBytes(SALT_BYTES),
  nonce: Buffer = randomBytes(NONCE_BYTES),
): Promise<Buffer> {
  const key = await KINDS[2].derive(secretKey, salt);
  const { cipher } = KINDS[2];
  const parts: Buffer[] = [salt, Buffer.of(2), nonce];
  const tie = emptyTag(cipher, key, nonce);
  for (let at = 0, sequence = 1; ; at += FRAGMENT_BYTES, sequence++) {
    const last = at + FRAGMENT_BYTES >= plain.byteLength;
    const sealing = createCipheriv(cipher, key, nonceOf(nonce, sequence), { authTagLength: TAG_BYTES });
    sealing.setAAD(bound(last, tie), { plaintextLength: 0 });
    parts.push(sealing.update(plain.subarray(at, at + FRAGMENT_BYTES)), sealing.final(), sealing.getAuthTag());
    if (last) return Buffer.concat(parts);
  }
}

/**
 * Opens what the server sealed with the caller's secret key, of any of its three kinds. Throws `STORE_UNAVAILABLE` where it
 * was sealed with another key, changed or cut.
 */
export async function openBody(secretKey: string, sealed: Buffer): Promise<Buffer> {
  const kind = sealed[SALT_BYTES] as Kind;
  if (sealed.byteLength < HEADER_BYTES + TAG_BYTES || !Object.hasOwn(KINDS, kind)) throw unreadable();
  const { derive, cipher } = KINDS[kind];
  const key = await derive(secretKey, sealed.subarray(0, SALT_BYTES));
  const nonce = sealed.subarray(SALT_BYTES + 1, HEADER_BYTES);
  const tie = emptyTag(cipher, key, nonce);
  const parts: Buffer[] = [];
  try {
    for (let at = HEADER_BYTES, sequence = 1; at < sealed.byteLength; sequence++) {
      const end = Math.min(sealed.byteLength, at + FRAGMENT_BYTES + TAG_BYTES);
      const opening = createDecipheriv(cipher, key, nonceOf(nonce, sequence), { authTagLength: TAG_BYTES });
      opening.setAAD(bound(end === sealed.byteLength, tie), { plaintextLength: 0 });
      opening.setAuthTag(sealed.subarray(end - TAG_BYTES, end));
      parts.push(opening.update(sealed.subarray(at, end - TAG_BYTES)), opening.final());
      at = end;
    }
  } catch (error) {
    throw unreadable(error);
  }
  return Buffer.concat(parts);
}

/** What every fragment is tied to: the tag of the empty message at sequence 0. */
function emptyTag(cipher: Cipher, key: Buffer, nonce: Buffer): Buffer {
  const sealing = createCipheriv(cipher, key, nonceOf(nonce, 0), { authTagLength: TAG_BYTES });
  sealing.final();
  return sealing.getAuthTag();
}

function nonceOf(nonce: Buffer, sequence: number): Buffer {
  const whole = Buffer.alloc(NONCE_BYTES + 4);
  nonce.copy(whole);
  whole.writeUInt32LE(sequence, NONCE_BYTES);
  return whole;
}

function bound(last: boolean, tie: Buffer): Buffer {
  return Buffer.concat([Buffer.of(last ? LAST : 0), tie]);
}

function byPbkdf2(secretKey: string, salt: Buffer): Promise<Buffer> {
  return promisify(pbkdf2)(secretKey, salt, 8192, 32, 'sha256');
}

function byArgon2(secretKey: string, salt: Buffer): Promise<Buffer> {
  const options = { message: secretKey, nonce: salt, parallelism: 4, tagLength: 32, memory: 64 << 10, passes: 1 };
  return new Promise((resolve, reject) =>
    argon2('argon2id', options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

function unreadable(cause?: unknown): FrostbyteError {
  return new FrostbyteError('STORE_UNAVAILABLE', "An answer of the object store's admin API cannot be opened.", {
    ...(cause === undefined ? {} : { cause }),
  });
}
