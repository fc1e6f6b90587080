import { createHash, type KeyObject } from 'node:crypto';
import { compactVerify, decodeProtectedHeader } from 'jose';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Caller } from '../../kernel/identity.ts';
import { Claims } from './claims.ts';
import type { SigningKeys } from './signing-keys.ts';

/** Longer than any token we make. */
const LONGEST_TOKEN = 2048;
const SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** Verified tokens kept; beyond it the oldest goes. About 500 bytes each. */
const KEPT = 10_000;

interface Verified {
  caller: Caller;
  notBefore: number;
  expires: number;
}

/**
 * Verifies tokens: an ordered list of small checks, and the state of revocation last, read afresh each time. Signatures
 * are checked once per token and remembered under the token's hash until it expires.
 *
 * `skewSeconds` (0–5) forgives clocks that disagree about the start of a token, never about its end.
 */
export function tokenVerifier(
  parts: {
    /** Read afresh on each request. */
    isLive(jti: string): boolean | Promise<boolean>;
    clock: Clock;
    keys: Pick<SigningKeys, 'publicKey'>;
  },
  skewSeconds = 5,
): (token: string) => Promise<Caller> {
  if (!(skewSeconds >= 0 && skewSeconds <= 5)) throw new RangeError('the clock skew is 0 to 5 seconds');
  const { clock, keys } = parts;
  const kept = new Map<string, Verified>();

  return async (token) => {
    if (token.length > LONGEST_TOKEN || !SHAPE.test(token) || !token.split('.').every(isCanonical)) throw refused();
    const hash = createHash('sha256').update(token).digest('base64');
    let verified = kept.get(hash);
    if (verified === undefined) {
      verified = await checkToken(token, keys);
      if (kept.size >= KEPT) kept.delete(kept.keys().next().value as string);
      kept.set(hash, verified);
    }
    const now = clock.now() / 1000;
    if (now >= verified.expires) {
      kept.delete(hash);
      throw new FrostbyteError('TOKEN_EXPIRED', 'The token has expired.');
    }
    if (now + skewSeconds < verified.notBefore) throw refused();
    if (!(await parts.isLive(verified.caller.jti))) throw new FrostbyteError('TOKEN_REVOKED', 'The token was revoked.');
    return verified.caller;
  };
}

/** The last character of base64url has bits that mean nothing: only one spelling of a token is the token. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

/** Everything about a token that does not change with time. Throws `AUTHENTICATION_REQUIRED`, whatever is wrong. */
async function checkToken(token: string, keys: Pick<SigningKeys, 'publicKey'>): Promise<Verified> {
  const key = await keyOf(token, keys);
  let claims: Claims;
  try {
    const { payload } = await compactVerify(token, key, { algorithms: ['EdDSA'] });
    claims = Claims.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch (cause) {
    throw refused(cause);
  }
  if (claims.exp <= claims.iat) throw refused();
  const caller: Caller = Object.freeze({
    subject: claims.sub,
    role: claims.role,
    scopes: Object.freeze(claims.scopes),
    tenant_id: claims.tenant_id ?? null,
    jti: claims.jti,
  });
  return { caller, notBefore: Math.max(claims.nbf, claims.iat), expires: claims.exp };
}

/** The key that the header names: one of ours, for our one algorithm. Nothing in the header can choose another. */
async function keyOf(token: string, keys: Pick<SigningKeys, 'publicKey'>): Promise<KeyObject> {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (cause) {
    throw refused(cause);
  }
  const key = header.alg === 'EdDSA' && typeof header.kid === 'string' ? await keys.publicKey(header.kid) : null;
  if (key === null) throw refused();
  return key;
}

function refused(cause?: unknown): FrostbyteError {
  return new FrostbyteError(
    'AUTHENTICATION_REQUIRED',
    'A valid token is required.',
    cause === undefined ? {} : { cause },
  );
}
