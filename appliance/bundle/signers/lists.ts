import { FrostbyteError } from '../../kernel/errors.ts';
import { fingerprint, KEY_TYPE, type PublicKey, publicLine, readPublicLine } from '../sshsig/keys.ts';
import { BUNDLE_NAMESPACE, NONE_BEFORE, RELEASE_IDENTITY } from '../verify/trust.ts';

/** Who signs releases, and from when to when: dates as `YYYYMMDD`, each the beginning of its day. */
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
  /** Higher in every edition: of two, hosts believe the one with the higher. */
  serial: number;
  /** `YYYYMMDD`: no bundle that was built before it is taken anywhere, whoever signed it; null: any. */
  none_before: string | null;
  signers: readonly ReleaseSigner[];
  revocations: readonly Revocation[];
}

/** The lists as texts. */
export interface ListTexts {
  allowed_signers: string;
  revoked_keys: string;
}

/** What a serial has room for where it is read. */
export const MOST_SERIAL = 999_999_999;
const HEAD = /^# serial: ([1-9]\d{0,8})\n/;
const SIGNER =
  /^(\S+) namespaces="([^"]*)"(?:,valid-after="(\d{8})")?(?:,valid-before="(\d{8})")? (\S+ \S+)(?: (.+))?$/;
const REVOKED = /^# revoked since (\d{8}): (.*)\n(\S+ \S+)\n/;

/** Writes the lists; the same lists give the same bytes. */
export function listTexts({ serial, none_before, signers, revocations }: SignerLists): ListTexts {
  const head = `# serial: ${serial}\n`;
  const none = none_before === null ? '' : `# none before: ${none_before}\n`;
  const allowed = signers.map(({ key, comment, valid_after, valid_before }) => {
    const options = [
      `namespaces="${BUNDLE_NAMESPACE}"`,
      ...(valid_after === null ? [] : [`valid-after="${valid_after}"`]),
      ...(valid_before === null ? [] : [`valid-before="${valid_before}"`]),
    ];
    return `${RELEASE_IDENTITY} ${options.join(',')} ${publicLine(key, oneLine(comment))}\n`;
  });
  const revoked = revocations.map(
    ({ key, since, reason }) => `# revoked since ${since}: ${oneLine(reason)}\n${publicLine(key)}\n`,
  );
  return { allowed_signers: head + none + allowed.join(''), revoked_keys: head + revoked.join('') };
}

/** Reads lists that `listTexts` wrote. Throws `BUNDLE_SIGNERS_INVALID` for any others: what is not understood is not kept. */
export function readLists(texts: ListTexts): SignerLists {
  const serial = Number(HEAD.exec(texts.allowed_signers)?.[1] ?? 0);
  const none_before = NONE_BEFORE.exec(texts.allowed_signers)?.[1] ?? null;
  const signers = texts.allowed_signers
    .replace(HEAD, '')
    .replace(NONE_BEFORE, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): ReleaseSigner => {
      const [, , , after = null, before = null, key = '', comment = ''] = SIGNER.exec(line) ?? [];
      return { key: keyOf(key), comment, valid_after: after, valid_before: before };
    });
  const revocations: Revocation[] = [];
  for (let rest = texts.revoked_keys.replace(HEAD, ''); rest !== ''; ) {
    const [whole, since, reason = '', key = ''] = REVOKED.exec(rest) ?? [];
    if (whole === undefined || since === undefined) throw notOurs();
    revocations.push({ key: keyOf(key), since, reason });
    rest = rest.slice(whole.length);
  }
  const lists = { serial, none_before, signers, revocations };
  const again = listTexts(lists);
  // Other names, other purposes, another serial in the second list: whatever differs is no edition of ours.
  if (again.allowed_signers !== texts.allowed_signers || again.revoked_keys !== texts.revoked_keys) throw notOurs();
  return lists;
}

/** The next edition, with one more signer. Throws `VALIDATION_ERROR` for a key that is known or revoked, or for no period. */
export function withSigner(lists: SignerLists, signer: ReleaseSigner): SignerLists {
  const { key, valid_after, valid_before } = signer;
  if (lists.revocations.some((one) => isSame(one.key, key)))
    throw refused('key', fingerprint(key), 'was revoked, and stays so. Make another key');
  if (lists.signers.some((one) => isSame(one.key, key)))
    throw refused('key', fingerprint(key), 'is in the list already. Make another key for another period');
  if (valid_after !== null && valid_before !== null && valid_after >= valid_before)
    throw refused('until', valid_before, 'the period ends before it begins');
  return edition(lists, { signers: [...lists.signers, signer] });
}

/** The next edition, in which a signer is valid for less long. Throws `VALIDATION_ERROR`, also where it would be longer. */
export function withEnd(lists: SignerLists, key: PublicKey, validBefore: string): SignerLists {
  const signer = lists.signers.find((one) => isSame(one.key, key));
  if (signer === undefined) throw refused('key', fingerprint(key), 'is not in the list');
  if (signer.valid_before !== null && signer.valid_before <= validBefore)
    throw refused('until', validBefore, `a day before that on which it ends now (${signer.valid_before})`);
  if (signer.valid_after !== null && validBefore <= signer.valid_after)
    throw refused('until', validBefore, 'a day in its period. A key that never should have signed is revoked');
  const ended = { ...signer, valid_before: validBefore };
  return edition(lists, { signers: lists.signers.map((one) => (one === signer ? ended : one)) });
}

/**
 * The next edition, with a key that nothing is believed of any more, whenever it signed. It stays in the list of signers, so
 * that hosts can tell a revoked key from an unknown one. Throws `VALIDATION_ERROR` for one that was revoked before.
 */
export function withRevocation(lists: SignerLists, revocation: Revocation): SignerLists {
  if (lists.revocations.some((one) => isSame(one.key, revocation.key)))
    throw refused('key', fingerprint(revocation.key), 'was revoked before');
  if (oneLine(revocation.reason) === '') throw refused('reason', revocation.reason, 'a reason: it stands in the list');
  return edition(lists, { revocations: [...lists.revocations, revocation] });
}

/** The next edition, by which no bundle from before a day is taken. Throws `VALIDATION_ERROR` for an earlier day than it says. */
export function withNoneBefore(lists: SignerLists, day: string): SignerLists {
  if (lists.none_before !== null && day <= lists.none_before)
    throw refused('day', day, `a later one than it says now (${lists.none_before})`);
  return edition(lists, { none_before: day });
}

function edition(lists: SignerLists, changes: Partial<SignerLists>): SignerLists {
  if (lists.serial >= MOST_SERIAL) throw refused('serial', lists.serial, `below ${MOST_SERIAL}`);
  return { ...lists, ...changes, serial: lists.serial + 1 };
}

function isSame(one: PublicKey, other: PublicKey): boolean {
  return one.bytes.equals(other.bytes);
}

function keyOf(line: string): PublicKey {
  if (!line.startsWith(`${KEY_TYPE} `)) throw notOurs();
  try {
    return readPublicLine(line);
  } catch (cause) {
    throw notOurs(cause);
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

function notOurs(cause?: unknown): FrostbyteError {
  return new FrostbyteError(
    'BUNDLE_SIGNERS_INVALID',
    'The lists of signers are not as this program writes them, or not two of one edition. Take the newest edition as it was made.',
    { cause, details: [{ field: 'signers', constraint: 'lists of one edition, unchanged' }] },
  );
}

function refused(field: string, value: string | number, constraint: string): FrostbyteError {
  return new FrostbyteError(
    'VALIDATION_ERROR',
    `The list of signers stays as it is: ${field} ${value}: ${constraint}.`,
    {
      details: [{ field, value, constraint }],
    },
  );
}
