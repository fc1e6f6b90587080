import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { FrostbyteError } from '../../kernel/errors.ts';
import { WireError, WireReader, wireString } from './wire.ts';

/** Ed25519 keys as OpenSSH writes them. No other kind signs a bundle. */

export const KEY_TYPE = 'ssh-ed25519';
const ED25519_BYTES = 32;
/** The header of an Ed25519 key in DER (RFC 8410), before its 32 bytes. */
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex');
const PRIVATE_MAGIC = 'openssh-key-v1\0';
const PRIVATE_PEM = /^-----BEGIN OPENSSH PRIVATE KEY-----\s([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/;

/** A public key: its 32 bytes. */
export interface PublicKey {
  readonly bytes: Buffer;
}

/** The key as it stands in signatures, lists and files: type and bytes, encoded. */
export function keyBlob({ bytes }: PublicKey): Buffer {
  return Buffer.concat([wireString(KEY_TYPE), wireString(bytes)]);
}

/** Reads an encoded key. Throws `WireError` for one that is none, or of another type. */
export function readKeyBlob(blob: Uint8Array): PublicKey {
  const reader = new WireReader(blob);
  const type = reader.text();
  if (type !== KEY_TYPE)
    throw new WireError(`its key is of type ${JSON.stringify(type.slice(0, 40))}, not ${KEY_TYPE}`);
  const bytes = reader.string();
  if (bytes.length !== ED25519_BYTES) throw new WireError(`its key has ${bytes.length} bytes, not ${ED25519_BYTES}`);
  reader.end();
  return { bytes };
}

/** What people compare: `SHA256:` and the digest in base64 without padding, as `ssh-keygen -l` prints it. */
export function fingerprint(key: PublicKey): string {
  return `SHA256:${createHash('sha256').update(keyBlob(key)).digest('base64').replace(/=+$/, '')}`;
}

/** The key as a line of a `.pub` file, without its end. */
export function publicLine(key: PublicKey, comment = ''): string {
  return `${KEY_TYPE} ${keyBlob(key).toString('base64')}${comment === '' ? '' : ` ${comment}`}`;
}

/** Reads a line of a `.pub` file. Throws `KEY_UNAVAILABLE`. */
export function readPublicLine(line: string): PublicKey {
  const [type, base64 = ''] = line.trim().split(/\s+/);
  try {
    if (type !== KEY_TYPE || !/^[A-Za-z0-9+/]+=*$/.test(base64)) throw new WireError(`it is no ${KEY_TYPE} key`);
    return readKeyBlob(Buffer.from(base64, 'base64'));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new FrostbyteError('KEY_UNAVAILABLE', `This is not a line of an Ed25519 public key: ${error.message}.`);
  }
}

export function toKeyObject({ bytes }: PublicKey): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_DER, bytes]), format: 'der', type: 'spki' });
}

/** The public half of a private key. */
export function publicOf(key: KeyObject): PublicKey {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { bytes: der.subarray(PUBLIC_DER.length) };
}

/**
 * Reads a private key: OpenSSH's own file, or PKCS #8 in PEM. Null where it is locked with a passphrase: `ssh-keygen` signs
 * with that one. Throws `KEY_UNAVAILABLE` for anything else, without a byte of it.
 */
export function readPrivateKey(text: string): KeyObject | null {
  try {
    const openssh = PRIVATE_PEM.exec(text)?.[1];
    if (openssh !== undefined) return readOpenSsh(Buffer.from(openssh, 'base64'));
    if (text.includes('BEGIN ENCRYPTED PRIVATE KEY')) return null;
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // What it says may quote what was read.
  }
  throw new FrostbyteError(
    'KEY_UNAVAILABLE',
    'This is no Ed25519 private key in the format of OpenSSH or PKCS #8. Make one with: ssh-keygen -t ed25519.',
  );
}

/** The public half that stands in a file in the clear: a `.pub` file, or OpenSSH's own, locked or not; else null. */
export function publicHalfOf(text: string): PublicKey | null {
  if (text.startsWith(`${KEY_TYPE} `)) return readPublicLine(text);
  const openssh = PRIVATE_PEM.exec(text)?.[1];
  if (openssh === undefined) return null;
  try {
    const reader = new WireReader(Buffer.from(openssh, 'base64'));
    reader.raw(PRIVATE_MAGIC.length);
    // Cipher, derivation of its key, and what that is told.
    for (let field = 0; field < 3; field++) reader.string();
    return reader.number() === 1 ? readKeyBlob(reader.string()) : null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function readOpenSsh(bytes: Buffer): KeyObject | null {
  const reader = new WireReader(bytes);
  if (reader.raw(PRIVATE_MAGIC.length).toString('latin1') !== PRIVATE_MAGIC) throw new WireError('no such file');
  const [cipher, kdf] = [reader.text(), reader.text()];
  reader.string();
  if (cipher !== 'none' || kdf !== 'none') return null;
  if (reader.number() !== 1) throw new WireError('it holds more than one key');
  reader.string();
  const secret = new WireReader(reader.string());
  const [check, again] = [secret.number(), secret.number()];
  if (check !== again) throw new WireError('its check differs');
  if (secret.text() !== KEY_TYPE) throw new WireError('it is of another type');
  const publicBytes = secret.string();
  const seed = secret.string().subarray(0, ED25519_BYTES);
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: 'der', type: 'pkcs8' });
  if (!publicOf(key).bytes.equals(publicBytes)) throw new WireError('its halves do not belong together');
  return key;
}
