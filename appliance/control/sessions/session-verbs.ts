import { randomBytes } from 'node:crypto';
import { auditEntry } from '../../audit/entry.ts';
import type { EventName } from '../../audit/events.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Caller, Role, Scope } from '../../kernel/identity.ts';
import { newId } from '../../kernel/ids.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { findSession, insertSession, type SessionRow, touchSession } from '../registry/sessions.ts';
import { insertToken, isLive, revokeToken, tokenEpoch } from '../registry/tokens.ts';
import { findUser } from '../registry/users.ts';
import { type CheckedRequest, checkTokenRequest } from '../tokens/issue.ts';
import { type SpentCode, spendingCode } from '../tokens/one-time-codes.ts';
import { isPassword } from '../users/password.ts';
import type { ControlVerbs } from '../verbs.ts';
import { attempts } from './attempts.ts';

type Verbs = Pick<ControlVerbs, 'signIn' | 'session' | 'signOut'>;

/** No session is longer than a working day, and none that nobody uses stays open. */
const LONGEST_S = 12 * 3600;
const IDLE_S = 30 * 60;
/** Use is written down once a minute, not with every request. */
const TOUCH_S = 60;
/** What stands where a token has the key that signed it: a session was signed by none. */
const NO_KEY = 'session';
const SECRET_BYTES = 32;

/**
 * Sessions of the user interface: a person signs in with a one-time code or by name and password and gets a secret, of
 * which the hash is kept. A session is a token that stays here, so that whatever ends tokens (a revocation, a suspension, a
 * restore) ends it too. `wake`: events wait to be relayed.
 */
export function sessionVerbs(
  { registry, clock }: { registry: Registry; clock: Clock },
  wake: () => void,
  tries = attempts(clock),
): Verbs {
  const nowSeconds = () => Math.floor(clock.now() / 1000);

  const open = (request: CheckedRequest, method: 'code' | 'password', code?: SpentCode) => {
    const [secret, jti, now] = [randomBytes(SECRET_BYTES).toString('base64url'), newId(), nowSeconds()];
    const { subject, role, scopes, tenant_id = null } = request;
    const expires = now + Math.min(request.ttl_seconds, LONGEST_S);
    const expires_at = new Date(expires * 1000).toISOString();
    registry.write(() => {
      // The tenant may have been suspended since it was looked at.
      checkTokenRequest(registry, { subject, role, scopes, ...(tenant_id === null ? {} : { tenant_id }) });
      code?.spend();
      insertToken(registry, {
        jti,
        kid: NO_KEY,
        subject,
        role,
        scopes: scopes.join(' '),
        tenant_id,
        epoch: tokenEpoch(registry, tenant_id),
        issued_at: now,
        expires_at: expires,
      });
      insertSession(registry, { session_sha256: sha256Hex(secret), jti, seen_at: now });
      const by = code === undefined ? {} : { code_id: code.code_id };
      tell('SIGNED_IN', { subject, tenant_id }, { jti, role, method, expires_at, ...by });
    });
    wake();
    return { secret, subject, expires_at };
  };

  const tell = (
    type: EventName,
    { subject, tenant_id }: { subject: string; tenant_id: string | null },
    adds: Record<string, unknown>,
  ) => {
    const log = tenant_id ?? APPLIANCE_LOG;
    const about = { tenant_id: log, actor: subject, resource_id: log };
    const resource_type = tenant_id === null ? 'appliance' : 'tenant';
    appendEntries(registry, [auditEntry(clock, type, { ...about, resource_type, adds: { subject, ...adds } })]);
  };

  /** The session behind a secret, or what is wrong with it. */
  const live = (secret: string): SessionRow => {
    const row = findSession(registry, sha256Hex(secret));
    if (row === undefined) throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'Sign in to go on.');
    if (!isLive(registry, row.jti)) throw new FrostbyteError('TOKEN_REVOKED', 'The session was ended. Sign in again.');
    const now = nowSeconds();
    if (now >= row.expires_at || now - row.seen_at >= IDLE_S) {
      throw new FrostbyteError('TOKEN_EXPIRED', 'The session is over. Sign in again.');
    }
    return row;
  };

  return {
    async signIn(how, source) {
      const name = 'username' in how ? how.username : 'a one-time code';
      // A code of 125 bits is not guessed; only names and passwords are counted.
      const wait = 'username' in how ? tries.wait(name, source) : null;
      if (wait !== null) {
        throw new FrostbyteError('RATE_LIMIT_EXCEEDED', `Signing in failed too often. Try again in ${wait} s.`, {
          retryAfter: wait,
        });
      }
      if ('code' in how) {
        const code = spendingCode({ registry, clock }, how.code);
        return open(checkTokenRequest(registry, code.request), 'code', code);
      }
      const user = findUser(registry, how.username);
      if (!(await isPassword(how.password, user?.password ?? null)) || user === undefined) {
        tries.failed(name, source);
        throw notThem();
      }
      tries.succeeded(name);
      // It may have been changed, or the user removed, while this one was looked at.
      if (findUser(registry, how.username)?.password !== user.password) throw notThem();
      const { username: subject, role, tenant_id } = user;
      return open(
        checkTokenRequest(registry, { subject, role, ...(tenant_id === null ? {} : { tenant_id }) }),
        'password',
      );
    },

    async session(secret) {
      const row = live(secret);
      const now = nowSeconds();
      if (now - row.seen_at >= TOUCH_S) registry.write(() => touchSession(registry, row.jti, now));
      return { ...callerOf(row), expires_at: new Date(row.expires_at * 1000).toISOString() };
    },

    async signOut(secret) {
      const row = live(secret);
      const { jti, subject, tenant_id } = row;
      registry.write(() => {
        revokeToken(registry, jti, clock.iso());
        tell('SIGNED_OUT', { subject, tenant_id }, { jti });
      });
      wake();
    },
  };
}

function callerOf({ subject, role, scopes, tenant_id, jti }: SessionRow): Caller {
  return { subject, role: role as Role, scopes: scopes.split(' ') as Scope[], tenant_id, jti };
}

/** The same for a name that is not there: who guesses learns nothing. */
function notThem(): FrostbyteError {
  return new FrostbyteError('AUTHENTICATION_REQUIRED', 'User name and password do not belong together.');
}
