import { auditEntry } from '../../audit/entry.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Role, Scope } from '../../kernel/identity.ts';
import { newId } from '../../kernel/ids.ts';
import { meantCode, typedCode } from '../../kernel/typed-code.ts';
import { insertCode, openCode, spendCode } from '../registry/one-time-codes.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import type { IssuedToken, TokenRequest } from '../verbs.ts';
import { checkTokenRequest, type ForCode, issueToken } from './issue.ts';
import type { SigningKeys } from './signing-keys.ts';

/** A code that is exchanged for a token, once and soon: what a person types who has no token yet. */
export interface OneTimeCode {
  code: string;
  code_id: string;
  expires_at: string;
}

/** Long enough to walk to another desk. */
const VALID_SECONDS = 15 * 60;
const LONGEST_VALID_SECONDS = 24 * 3600;

/**
 * Gives out a code for a token, with its TOKEN_OFFERED in one transaction. Kept is its hash alone. Throws as `issueToken` for
 * a request that no token is made for.
 */
export function offerCode(
  { registry, clock }: { registry: Registry; clock: Clock },
  request: TokenRequest,
  actor: string,
  validSeconds = VALID_SECONDS,
): OneTimeCode {
  if (!Number.isInteger(validSeconds) || validSeconds < 1 || validSeconds > LONGEST_VALID_SECONDS) {
    throw new FrostbyteError('VALIDATION_ERROR', 'A one-time code is valid for a day at most.', {
      details: [{ field: 'valid_seconds', value: validSeconds, constraint: `1 to ${LONGEST_VALID_SECONDS}` }],
    });
  }
  const { subject, role, scopes, tenant_id, ttl_seconds } = checkTokenRequest(registry, request);
  const [code, code_id] = [typedCode(), newId()];
  const expires = Math.floor(clock.now() / 1000) + validSeconds;
  const expires_at = new Date(expires * 1000).toISOString();
  const log = tenant_id ?? APPLIANCE_LOG;
  registry.write(() => {
    insertCode(registry, {
      code_id,
      code_sha256: sha256Hex(meantCode(code)),
      subject,
      role,
      scopes: scopes.join(' '),
      tenant_id: tenant_id ?? null,
      ttl_seconds,
      expires_at: expires,
    });
    appendEntries(registry, [
      auditEntry(clock, 'TOKEN_OFFERED', {
        tenant_id: log,
        actor,
        resource_type: tenant_id === undefined ? 'appliance' : 'tenant',
        resource_id: log,
        adds: { code_id, subject, role, scopes, expires_at },
      }),
    ]);
  });
  return { code, code_id, expires_at };
}

/**
 * Exchanges a code for the token that it stands for. Of two at the same moment one gets it. Throws `AUTHENTICATION_REQUIRED`
 * for one that was exchanged, is over, was taken back or was never given out, and as `issueToken`.
 */
export async function redeemCode(
  parts: { registry: Registry; clock: Clock; keys: SigningKeys },
  code: string,
): Promise<IssuedToken> {
  const spent = spendingCode(parts, code);
  return issueToken(parts, spent.request, spent.request.subject, spent);
}

/** A code that counts, with what it stands for; to be spent in the transaction that hands that out. */
export interface SpentCode extends ForCode {
  request: TokenRequest;
}

/** Looks a code up. Throws `AUTHENTICATION_REQUIRED`, as `spend` does where somebody else was faster. */
export function spendingCode({ registry, clock }: { registry: Registry; clock: Clock }, code: string): SpentCode {
  const row = openCode(registry, sha256Hex(meantCode(code)), Math.floor(clock.now() / 1000));
  if (row === undefined) throw notOpen();
  const { code_id, subject, role, scopes, tenant_id, ttl_seconds } = row;
  return {
    code_id,
    request: {
      subject,
      role: role as Role,
      scopes: scopes.split(' ') as Scope[],
      ttl_seconds,
      ...(tenant_id === null ? {} : { tenant_id }),
    },
    spend() {
      if (!spendCode(registry, code_id, clock.iso())) throw notOpen();
    },
  };
}

function notOpen(): FrostbyteError {
  return new FrostbyteError(
    'AUTHENTICATION_REQUIRED',
    'This code cannot be exchanged: it was already, or it is over. On the appliance, frostbyte token once makes another.',
  );
}
