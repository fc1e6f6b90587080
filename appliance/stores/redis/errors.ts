import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { tlsRefusal } from '../../kernel/server-tls.ts';

/**
 * Redis's answers as ours, by the word that they begin with; the first match wins. The messages name no key, no user
 * and no value.
 */
const BY_PREFIX = Object.freeze([
  ['OOM', 'DISK_FULL', 'The memory of Redis is used up.'],
  ['MISCONF', 'DISK_FULL', 'Redis cannot write to its disk.'],
  ['READONLY', 'STORE_READ_ONLY', 'Redis can only be read.'],
  ['WRONGPASS', 'STORE_UNAVAILABLE', 'Redis refuses the credentials: they were changed or disabled.'],
  ['NOAUTH', 'STORE_UNAVAILABLE', 'Redis refuses the credentials: they were changed or disabled.'],
  ['NOPERM', 'ISOLATION_VIOLATED', 'Redis refuses this key or command to its user. Compare the user’s rules.'],
  ['LOADING', 'STORE_UNAVAILABLE', 'Redis is still reading its data.'],
  ['BUSY', 'STORE_UNAVAILABLE', 'Redis is busy with a script.'],
  ['MASTERDOWN', 'STORE_UNAVAILABLE', 'Redis has no writable server.'],
] as const);

/** What ioredis itself says: a broken, missing or silent connection. */
const CONNECTION =
  /^(?:Command timed out|Reached the max retries|Connection is closed|Stream isn't writeable|connect ETIMEDOUT|Socket timeout|Client network socket)/;

/**
 * What the caller of a store on Redis gets for `error`: one of ours unchanged, answers and broken connections
 * translated, and everything else (a defect) as `INTERNAL_ERROR`, always with the original as `cause`.
 */
export function redisError(error: unknown): FrostbyteError {
  if (isFrostbyteError(error)) return error;
  const { message, code } = errorText(error);
  for (const [prefix, ours, text] of BY_PREFIX) {
    if (message.startsWith(`${prefix} `)) return new FrostbyteError(ours, text, { cause: error });
  }
  const refusal = tlsRefusal(error, 'Redis');
  if (refusal !== null) return new FrostbyteError('STORE_UNAVAILABLE', refusal, { cause: error });
  if (CONNECTION.test(message) || /^E[A-Z]+$/.test(code)) {
    return new FrostbyteError('STORE_UNAVAILABLE', 'Redis does not answer. See whether its container runs.', {
      cause: error,
    });
  }
  return new FrostbyteError('INTERNAL_ERROR', 'Redis refused a command that should be well formed.', { cause: error });
}

function errorText(error: unknown): { message: string; code: string } {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return { message: typeof message === 'string' ? message : '', code: typeof code === 'string' ? code : '' };
}
