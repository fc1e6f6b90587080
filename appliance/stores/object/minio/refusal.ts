import { type ErrorCode, FrostbyteError } from '../../../kernel/errors.ts';
import { tlsRefusal } from '../../../kernel/server-tls.ts';

/** The server's answer where it did not do what it was asked. */
export class Refusal extends Error {
  readonly status: number;
  /** The server's own word for it (`NoSuchKey`), or the status where it gave none. */
  readonly code: string;

  constructor(status: number, code: string) {
    super(`The object store answered ${status} ${code}.`);
    this.status = status;
    this.code = code;
  }
}

/** The server said nothing for too long. */
export class Silence extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(ms: number) {
    super(`The object store said nothing for ${ms} ms.`);
  }
}

/** A word of ours beside the server's: it refuses to write what it lets us read. */
export const READ_BUT_NOT_WRITTEN = 'ReadButNotWritten';

interface Meaning {
  code: ErrorCode;
  message: string;
}

const CREDENTIALS: Meaning = {
  code: 'STORE_UNAVAILABLE',
  message: 'The object store refuses the credentials: they were revoked, disabled or do not open this bucket.',
};
const MISSING: Meaning = { code: 'OBJECT_MISSING', message: 'There is no object under this key.' };
const FULL: Meaning = { code: 'DISK_FULL', message: 'The disk of the object store is full or over its quota.' };
const READ_ONLY: Meaning = { code: 'STORE_READ_ONLY', message: 'The object store cannot write to its disks.' };
const READ_ALONE: Meaning = {
  code: 'STORE_READ_ONLY',
  message: "The object store can be read, not written: its disk is read-only, or the tenant's policy was narrowed.",
};

/** What the server's words mean to a caller of a store; what is not named here is `STORE_UNAVAILABLE`. */
const MEANING: Readonly<Record<string, Meaning>> = Object.freeze({
  NoSuchKey: MISSING,
  // An answer to HEAD has no body; a server that does not name the reason in a header leaves it at the status.
  NotFound: MISSING,
  NoSuchBucket: { code: 'STORE_UNAVAILABLE', message: "The tenant's bucket is missing in the object store." },
  AccessDenied: CREDENTIALS,
  AllAccessDisabled: CREDENTIALS,
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  InvalidTokenId: CREDENTIALS,
  RequestTimeTooSkewed: {
    code: 'STORE_UNAVAILABLE',
    message: 'The clocks of this host and of the object store differ by more than 15 minutes: set them right.',
  },
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: FULL,
  QuotaExceeded: FULL,
  // What MinIO says when too few of its disks take writes.
  SlowDownWrite: READ_ONLY,
  [READ_BUT_NOT_WRITTEN]: READ_ALONE,
});

/** Words of a refusal that are about the way there, not about the request: the same one may pass. */
const DAMAGED_ON_THE_WAY: ReadonlySet<string> = new Set([
  'XAmzContentSHA256Mismatch',
  'BadDigest',
  'IncompleteBody',
  'RequestTimeout',
]);

const SERVER = 'the object store';

/** An error of the client or server in the stores' words, the original as `cause`. Our own errors pass unchanged. */
export function storeError(error: unknown): FrostbyteError {
  if (error instanceof FrostbyteError) return error;
  const meaning = error instanceof Refusal ? MEANING[error.code] : undefined;
  if (meaning !== undefined) return new FrostbyteError(meaning.code, meaning.message, { cause: error });
  const message = tlsRefusal(error, SERVER) ?? 'The object store does not answer.';
  return new FrostbyteError('STORE_UNAVAILABLE', message, { cause: error });
}

/** Whether the server, or the way to it, is unwell; a refusal of this one request says that they are not. */
export function isUnwell(error: unknown): boolean {
  if (error instanceof FrostbyteError) return false;
  if (error instanceof Refusal) return error.status >= 500 && error.status !== 501 && error.status !== 507;
  return true;
}

/** Whether the same request may pass when it is sent again. */
export function isPassing(error: unknown): boolean {
  // Trying again mends no certificate.
  if (error instanceof FrostbyteError || tlsRefusal(error, SERVER) !== null) return false;
  if (!(error instanceof Refusal)) return true;
  return isUnwell(error) || error.status === 429 || DAMAGED_ON_THE_WAY.has(error.code);
}
