import { type PublicKey, publicLine } from '../sshsig/keys.ts';
import { BUNDLE_NAMESPACE, RELEASE_IDENTITY, SIGNERS_NAMESPACE } from '../verify/trust.ts';
import type { Input } from './write-bundle.ts';

/** Who signs releases, and from when to when (dates as `YYYYMMDD`). */
export interface ReleaseSigner {
  key: PublicKey;
  comment: string;
  valid_after: string | null;
  valid_before: string | null;
}

/** A key that must not be believed any more, since when, and why. */
export interface Revocation {
  key: PublicKey;
  /** `YYYYMMDD`. */
  since: string;
  reason: string;
}

/** What the root key says: as the two lists that `ssh-keygen -Y verify -f … -r …` reads. */
export interface SignerLists {
  /** Higher in every edition. */
  serial: number;
  signers: readonly ReleaseSigner[];
  revocations: readonly Revocation[];
}

/** The lists as files of a bundle, with the root key's signatures and the root key itself. */
export async function signerFiles(
  { serial, signers, revocations }: SignerLists,
  root: { key: PublicKey; sign(text: string, namespace: string): Promise<string> },
): Promise<Input[]> {
  const head = `# serial: ${serial}\n`;
  const allowed = signers.map(({ key, comment, valid_after, valid_before }) => {
    const options = [
      `namespaces="${BUNDLE_NAMESPACE}"`,
      ...(valid_after === null ? [] : [`valid-after="${valid_after}"`]),
      ...(valid_before === null ? [] : [`valid-before="${valid_before}"`]),
    ];
    return `${RELEASE_IDENTITY} ${options.join(',')} ${publicLine(key, oneLine(comment))}\n`;
  });
  const revoked = revocations.map(
    ({ key, since, reason }) => `# revoked since ${oneLine(since)}: ${oneLine(reason)}\n${publicLine(key)}\n`,
  );
  const lists = { 'signers/allowed_signers': head + allowed.join(''), 'signers/revoked_keys': head + revoked.join('') };
  const files: Input[] = [{ path: 'signers/root.pub', from: Buffer.from(`${publicLine(root.key)}\n`) }];
  for (const [path, text] of Object.entries(lists)) {
    files.push({ path, from: Buffer.from(text) });
    files.push({ path: `${path}.sig`, from: Buffer.from(await root.sign(text, SIGNERS_NAMESPACE)) });
  }
  return files;
}

const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ').trim();
