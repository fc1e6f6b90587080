import { type BundleCode, FrostbyteError } from '../../kernel/errors.ts';
import type { AllowedSigner } from './allowed-signers.ts';
import { matches } from './allowed-signers.ts';
import { fingerprint, type PublicKey } from './keys.ts';
import { holds, messageDigest, readSignature, type Signature } from './signature.ts';
import { WireError } from './wire.ts';

/** Who may sign, for whom a signature is checked. */
export interface Trust {
  signers: readonly AllowedSigner[];
  revoked: readonly PublicKey[];
  /** The name that the signer must have in the list. */
  identity: string;
  namespace: string;
  /** Milliseconds since 1970 at which the signer must be valid. */
  at: number;
}

/** What was signed: its bytes, one after another, and what people call it. */
export interface Signed {
  name: string;
  bytes: Iterable<Uint8Array>;
  /** The armored signature beside it; null where there is none. */
  signature: string | null;
}

/**
 * Checks the signature of a file against a list of signers, as `ssh-keygen -Y verify -r` does: of an Ed25519 key that the
 * list names for this purpose, valid now, not revoked, over exactly these bytes. Answers the key. Every refusal has a code
 * of its own: `BUNDLE_SIGNATURE_MISSING`, `BUNDLE_SIGNATURE_INVALID`, `BUNDLE_SIGNER_UNKNOWN`, `BUNDLE_SIGNER_REVOKED`,
 * `BUNDLE_SIGNER_OUTDATED`.
 */
export function checkSignature({ name, bytes, signature: armored }: Signed, trust: Trust): PublicKey {
  if (armored === null) throw refused('BUNDLE_SIGNATURE_MISSING', name, `${name} has no signature beside it.`);
  const signature = read(name, armored);
  const digest = messageDigest(signature.hash);
  for (const part of bytes) digest.update(part);
  if (!holds(signature, digest.digest(), trust.namespace)) {
    const reason =
      signature.namespace === trust.namespace
        ? `${name} is not what was signed: it or its signature was changed.`
        : `The signature of ${name} was made for another purpose (${JSON.stringify(signature.namespace.slice(0, 60))}).`;
    throw refused('BUNDLE_SIGNATURE_INVALID', name, reason);
  }
  admit(name, signature.key, trust);
  return signature.key;
}

function read(name: string, armored: string): Signature {
  try {
    return readSignature(armored);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw refused('BUNDLE_SIGNATURE_INVALID', name, `The signature of ${name} cannot be read: ${error.message}.`);
  }
}

/** That the key may sign. Revocation first: a revoked key is told as that, whatever else is wrong with it. */
function admit(name: string, key: PublicKey, { signers, revoked, identity, namespace, at }: Trust): void {
  const print = fingerprint(key);
  const isThis = (other: PublicKey) => other.bytes.equals(key.bytes);
  if (revoked.some(isThis)) {
    throw refused('BUNDLE_SIGNER_REVOKED', name, `${name} is signed by a key that was revoked (${print}).`);
  }
  const named = signers.filter(
    (signer) =>
      isThis(signer.key) &&
      matches(signer, identity) &&
      (signer.namespaces === null || signer.namespaces.includes(namespace)),
  );
  if (named.length === 0) {
    throw refused('BUNDLE_SIGNER_UNKNOWN', name, `${name} is signed by a key that may not sign it (${print}).`);
  }
  const isValid = ({ validAfter, validBefore }: AllowedSigner) =>
    (validAfter === null || at >= validAfter) && (validBefore === null || at <= validBefore);
  if (named.some(isValid)) return;
  throw refused(
    'BUNDLE_SIGNER_OUTDATED',
    name,
    `${name} is signed by a key that is not valid at present (${print}). Compare this host’s clock: ${new Date(at).toISOString()}.`,
  );
}

function refused(code: BundleCode, name: string, message: string): FrostbyteError {
  return new FrostbyteError(code, message, {
    details: [{ field: name, constraint: 'signed by a signer of the list' }],
  });
}
