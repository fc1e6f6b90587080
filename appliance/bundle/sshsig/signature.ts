import type { KeyObject } from 'node:crypto';
import { createHash, sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { KEY_TYPE, keyBlob, type PublicKey, publicOf, readKeyBlob, toKeyObject } from './keys.ts';
import { WireError, WireReader, wireNumber, wireString } from './wire.ts';

/**
 * OpenSSH's signatures of files (SSHSIG; PROTOCOL.sshsig of OpenSSH): what `ssh-keygen -Y sign` makes and
 * `ssh-keygen -Y verify` checks on practically every Linux host.
 */

const MAGIC = Buffer.from('SSHSIG');
const VERSION = 1;
const ARMOR = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\n$/;
/** Characters of a line within the armor, as `ssh-keygen` breaks them. */
const LINE = 70;
/** An Ed25519 signature has some three hundred; whatever is longer is not read at all. */
export const MOST_SIGNATURE_BYTES = 4096;
const HASHES = new Set(['sha512', 'sha256']);

/** A signature, read but not checked. */
export interface Signature {
  key: PublicKey;
  /** What it was made for: one made for another purpose must not count. */
  namespace: string;
  hash: string;
  bytes: Buffer;
}

/** The digest that is signed, of all bytes of the message. It streams: feed it, then ask. */
export function messageDigest(hash: string) {
  return createHash(hash);
}

/** Signs a message with an Ed25519 key; the armored signature. */
export function signMessage(message: Uint8Array, key: KeyObject, namespace: string): string {
  const hash = 'sha512';
  const digest = messageDigest(hash).update(message).digest();
  const signature = signBytes(null, signedBytes(namespace, hash, digest), key);
  const blob = Buffer.concat([
    MAGIC,
    wireNumber(VERSION),
    wireString(keyBlob(publicOf(key))),
    wireString(namespace),
    wireString(''),
    wireString(hash),
    wireString(Buffer.concat([wireString(KEY_TYPE), wireString(signature)])),
  ]);
  return armored(blob);
}

/** Reads an armored signature. Throws `WireError` with the reason where it is none, or of another kind than ours. */
export function readSignature(text: string): Signature {
  if (text.length > MOST_SIGNATURE_BYTES) throw new WireError('it is too long');
  const blob = Buffer.from(ARMOR.exec(text)?.[1] ?? '', 'base64');
  // As `ssh-keygen` writes it and in no other way: each signature has one form, and no byte of it is free.
  if (armored(blob) !== text) throw new WireError('it does not have the form of one');
  const reader = new WireReader(blob);
  if (!reader.raw(MAGIC.length).equals(MAGIC)) throw new WireError('it does not begin as one');
  const version = reader.number();
  if (version !== VERSION) throw new WireError(`it is of version ${version}, not ${VERSION}`);
  const key = readKeyBlob(reader.string());
  const namespace = reader.text();
  reader.string();
  const hash = reader.text();
  if (!HASHES.has(hash)) throw new WireError(`it hashes with ${JSON.stringify(hash.slice(0, 40))}`);
  const inner = new WireReader(reader.string());
  reader.end();
  if (inner.text() !== KEY_TYPE) throw new WireError('it is of another type than its key');
  const bytes = inner.string();
  inner.end();
  return { key, namespace, hash, bytes };
}

/** Whether the signature is its key's, for this purpose, over a message of this digest (made by its `hash`). */
export function holds(signature: Signature, digest: Uint8Array, namespace: string): boolean {
  if (signature.namespace !== namespace) return false;
  const signed = signedBytes(namespace, signature.hash, digest);
  return verifyBytes(null, signed, toKeyObject(signature.key), signature.bytes);
}

function armored(blob: Buffer): string {
  const lines = blob.toString('base64').match(new RegExp(`.{1,${LINE}}`, 'g')) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

function signedBytes(namespace: string, hash: string, digest: Uint8Array): Buffer {
  return Buffer.concat([MAGIC, wireString(namespace), wireString(''), wireString(hash), wireString(digest)]);
}
