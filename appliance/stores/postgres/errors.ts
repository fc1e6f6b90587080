import { type ErrorKind, FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { tlsRefusal } from '../../kernel/server-tls.ts';

type Translation = readonly [code: FrostbyteError['code'], message: string, kind?: ErrorKind];

const OUT_OF_REACH: Translation = ['STORE_UNAVAILABLE', 'The database does not answer.'];
const BUSY: Translation = ['STORE_UNAVAILABLE', 'The database is busy.'];
const CREDENTIALS: Translation = ['STORE_UNAVAILABLE', 'The database does not accept the store’s credentials.'];

/**
 * PostgreSQL's SQLSTATEs as ours; a key of two or three characters covers its class, the longest match wins. The messages
 * name no statement and no value.
 */
const BY_STATE: Readonly<Record<string, Translation>> = Object.freeze({
  '08': OUT_OF_REACH,
  '25006': ['STORE_READ_ONLY', 'The store can only be read.'],
  '25P03': OUT_OF_REACH,
  '28': CREDENTIALS,
  '3D000': ['STORE_UNAVAILABLE', 'The database of the store is not there.'],
  '3F000': ['STORE_UNAVAILABLE', 'The schema of the store is not there.'],
  '40': BUSY,
  '42501': ['STORE_UNAVAILABLE', 'The database does not grant the store what it needs.', 'never'],
  '53': BUSY,
  '53100': ['DISK_FULL', 'The disk of the database is full.'],
  '55P03': BUSY,
  '57': OUT_OF_REACH,
  '57014': BUSY,
  '58': ['STORE_UNAVAILABLE', 'The database cannot reach its disk.'],
  XX001: ['STORE_CORRUPTED', 'The database is damaged. Restore it from a backup.'],
  XX002: ['STORE_CORRUPTED', 'An index of the database is damaged. Restore it from a backup.'],
});

/** States after which the server has ended the session, or never began it. */
const SESSION_IS_OVER = /^(?:08|57P0|25P03)/;

const SILENCE = /^Query read timeout|^Connection terminated due to connection timeout|^timeout expired/;

/** What the client itself reports has no code. */
const NO_CODE: readonly [RegExp, Translation][] = [
  [
    /^Connection terminated|connection error|timeout exceeded when trying to connect|Query read timeout|^timeout expired/,
    OUT_OF_REACH,
  ],
  [/does not support SSL/, ['STORE_UNAVAILABLE', 'The database offers no TLS.', 'never']],
  [/pool after calling end|not queryable/, ['STORE_UNAVAILABLE', 'The store is closed.']],
];

/** Why a connection was broken off from here: the server takes what it is sent, and answers nobody (`hang-watch.ts`). */
export class ServerHangs extends Error {
  constructor() {
    super('Connection terminated: the server hangs.');
  }
}

/**
 * What the caller of a store gets for `error`: one of ours unchanged, the server's, the network's and the client's
 * translated, and everything else (a constraint, a defect) as `INTERNAL_ERROR`, always with the original as `cause`.
 */
export function storeError(error: unknown): FrostbyteError {
  if (isFrostbyteError(error)) return error;
  const found = translationOf(error);
  if (found === undefined) {
    return new FrostbyteError('INTERNAL_ERROR', 'The store refused a change that breaks its rules.', { cause: error });
  }
  const [code, message, kind] = found;
  return new FrostbyteError(code, message, { cause: error, ...(kind === undefined ? {} : { kind }) });
}

/** Whether the session is lost: the client of it cannot be used again. */
export function isLost(error: unknown): boolean {
  const state = codeOf(error);
  if (SESSION_IS_OVER.test(state) || isNetwork(state)) return true;
  return NO_CODE.some(([pattern, found]) => found === OUT_OF_REACH && pattern.test(messageOf(error)));
}

/** Whether the server was asked, by a statement or for a session, and said nothing for as long as it may take. */
export function isSilent(error: unknown): boolean {
  return error instanceof ServerHangs || SILENCE.test(messageOf(error));
}

/** Whether none of the pool's connections became free in time. */
export function isQueued(error: unknown): boolean {
  return /^timeout exceeded when trying to connect/.test(messageOf(error));
}

/** Whether the server has no place for one session more: of this user, or of anybody. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === '53300';
}

/** Whether the server rolled the transaction back for the sake of another one: it may be made again as it was. */
export function isRolledBack(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error));
}

/** Whether a row with the same key is there already. */
export function isTaken(error: unknown): boolean {
  return codeOf(error) === '23505';
}

function translationOf(error: unknown): Translation | undefined {
  const code = codeOf(error);
  if (/^[0-9A-Z]{5}$/.test(code)) {
    const state = BY_STATE[code] ?? BY_STATE[code.slice(0, 2)];
    if (state !== undefined) return state;
  }
  const refusal = tlsRefusal(error, 'the database');
  if (refusal !== null) return ['STORE_UNAVAILABLE', refusal];
  if (isNetwork(code)) return OUT_OF_REACH;
  return NO_CODE.find(([pattern]) => pattern.test(messageOf(error)))?.[1];
}

/** Node's names for what goes wrong on the way: ECONNREFUSED, EPIPE, ENOTFOUND and so on. */
function isNetwork(code: string): boolean {
  return /^E[A-Z0-9_]{4,}$/.test(code) && !code.startsWith('ERR_');
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  // Node tries every address of a name and reports all failures together.
  return error instanceof AggregateError && error.errors.length > 0 ? codeOf(error.errors[0]) : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
