import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { FrostbyteError } from '../kernel/errors.ts';
import { open, seal } from './age-file.ts';

/** An age key pair. `identity` is the secret half: in memory only, never logged, never in arguments. */
export interface KeyPair {
  /** `AGE-SECRET-KEY-1…` */
  identity: string;
  /** `age1…` */
  recipient: string;
}

/** Lines that a person may have added to an identity file stay below this. */
const MOST_BYTES = 16 << 10;

/** A new X25519 key pair from the system's randomness. */
export async function makeKeyPair(): Promise<KeyPair> {
  return keyPair(await generateX25519Identity());
}

/** The pair of a known identity. Throws `KEY_UNAVAILABLE` when it is not one. */
export async function keyPair(identity: string): Promise<KeyPair> {
  try {
    if (!identity.startsWith('AGE-SECRET-KEY-1')) throw new TypeError('not an X25519 identity');
    return { identity, recipient: await identityToRecipient(identity) };
  } catch (error) {
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The key file does not hold an age identity.', { cause: error });
  }
}

/** An identity file as `age-keygen` writes it, so that `age -d -i` takes it. `at` is ISO 8601. */
export function identityFile(pair: KeyPair, at: string): string {
  return `# created: ${at}\n# public key: ${pair.recipient}\n${pair.identity}\n`;
}

/** Reads an identity file: comments, empty lines and exactly one identity. Throws `KEY_UNAVAILABLE`. */
export async function parseIdentityFile(bytes: Uint8Array): Promise<KeyPair> {
  const text = bytes.byteLength > MOST_BYTES ? '' : Buffer.from(bytes).toString('utf8');
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length !== 1) {
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The key file must hold exactly one age identity.');
  }
  return keyPair((lines[0] ?? '').trim());
}

/** An identity file, encrypted to those who may open it. */
export async function wrapIdentity(pair: KeyPair, at: string, recipients: readonly string[]): Promise<Buffer> {
  return seal(recipients, Buffer.from(identityFile(pair, at)));
}

/** Opens a wrapped identity. Throws `KEY_UNAVAILABLE` with the wrong identities, `OBJECT_CORRUPTED` on damage. */
export async function unwrapIdentity(wrapped: Uint8Array, identities: readonly string[]): Promise<KeyPair> {
  return parseIdentityFile(await open(identities, wrapped));
}
