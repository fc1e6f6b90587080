import { FrostbyteError } from '../../kernel/errors.ts';
import { CHECKSUMS, MANIFEST } from '../format/checksums.ts';
import type { Control } from '../format/control-files.ts';
import { type AllowedSigner, readAllowedSigners, readRevokedKeys } from '../sshsig/allowed-signers.ts';
import { checkSignature, type Trust } from '../sshsig/check-signature.ts';
import { fingerprint, type PublicKey, readPublicLine } from '../sshsig/keys.ts';

/**
 * Whether a bundle is ours (spec 7, "Signing"). The host's anchor is the root key alone; the root key signs the list of
 * those who sign releases and the list of revoked keys; one of them signed the manifest and the checksums. Nothing on the
 * medium vouches for itself.
 */

export const ROOT_IDENTITY = 'frostbyte-root';
export const RELEASE_IDENTITY = 'frostbyte-release';
export const SIGNERS_NAMESPACE = 'frostbyte-signers';
export const BUNDLE_NAMESPACE = 'frostbyte-bundle';

/** Where trust begins: the host's own list, or a fingerprint that a person typed. */
export type Anchor = { allowed_signers: string } | { fingerprint: string };

/** The lists that the host has taken before, if any: of two the one with the higher serial counts. */
export interface KnownLists {
  allowed_signers: string;
  revoked_keys: string;
}

export interface Trusted {
  /** Who signed the manifest. */
  signer: PublicKey;
  /** The lists that counted. */
  lists: KnownLists;
  manifest: string;
  checksums: string;
}

export interface TrustOptions {
  anchor: Anchor;
  known?: KnownLists;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * Goes from the anchor to the manifest, one signature after the other. Throws with the first that does not hold: a
 * `BUNDLE_SIGN…` code of `checkSignature`, or `BUNDLE_FILE_MISSING`.
 */
export function trust(control: Control, { anchor, known, at }: TrustOptions): Trusted {
  const root = {
    signers: rootOf(anchor, control),
    revoked: [],
    identity: ROOT_IDENTITY,
    namespace: SIGNERS_NAMESPACE,
    at,
  };
  const lists = {
    allowed_signers: newest(checked(control, 'signers/allowed_signers', root).text, known?.allowed_signers),
    revoked_keys: newest(checked(control, 'signers/revoked_keys', root).text, known?.revoked_keys),
  };
  const release = {
    signers: readAllowedSigners(lists.allowed_signers),
    revoked: readRevokedKeys(lists.revoked_keys),
    identity: RELEASE_IDENTITY,
    namespace: BUNDLE_NAMESPACE,
    at,
  };
  const manifest = checked(control, MANIFEST, release);
  const checksums = checked(control, CHECKSUMS, release);
  return { signer: manifest.signer, lists, manifest: manifest.text, checksums: checksums.text };
}

/** The number of a list of signers or of revoked keys; the root key writes it into a comment. */
export function serialOf(list: string): number {
  return Number(/^# serial: (\d{1,9})$/m.exec(list)?.[1] ?? 0);
}

/** Whoever holds the root key says that bundles from before this day are not to be taken any more. */
export const NONE_BEFORE = /^# none before: (\d{8})$\n?/m;

/** The beginning of that day, in seconds since 1970; 0 where any is taken. */
export function noneBefore(allowedSigners: string): number {
  const [, year, month, day] = /(\d{4})(\d\d)(\d\d)/.exec(NONE_BEFORE.exec(allowedSigners)?.[1] ?? '') ?? [];
  return year === undefined ? 0 : Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000;
}

function newest(brought: string, known: string | undefined): string {
  return known !== undefined && serialOf(known) > serialOf(brought) ? known : brought;
}

/** The text of a file whose signature holds, and whose it is. */
function checked(control: Control, name: string, given: Trust): { text: string; signer: PublicKey } {
  const bytes = fileOf(control, name);
  const signature = control.get(`${name}.sig`)?.toString('latin1') ?? null;
  const signer = checkSignature({ name, bytes: [bytes], signature }, given);
  return { text: bytes.toString('utf8'), signer };
}

function rootOf(anchor: Anchor, control: Control): AllowedSigner[] {
  if ('allowed_signers' in anchor) return readAllowedSigners(anchor.allowed_signers);
  const key = readPublicLine(fileOf(control, 'signers/root.pub').toString('latin1'));
  if (fingerprint(key) !== anchor.fingerprint.trim()) {
    throw new FrostbyteError(
      'BUNDLE_SIGNER_UNKNOWN',
      'The root key of the bundle is not the one whose fingerprint was given. Compare it with what came by another way than the bundle.',
      {
        details: [
          { field: 'fingerprint', value: anchor.fingerprint, constraint: `the bundle’s is ${fingerprint(key)}` },
        ],
      },
    );
  }
  return [{ principals: [ROOT_IDENTITY], key, namespaces: null, validAfter: null, validBefore: null }];
}

function fileOf(control: Control, name: string): Buffer {
  const bytes = control.get(name);
  if (bytes !== undefined) return bytes;
  throw new FrostbyteError('BUNDLE_FILE_MISSING', `The bundle has no ${name}. Copy it again, all of it.`, {
    details: [{ field: 'path', value: name, constraint: 'there' }],
  });
}
