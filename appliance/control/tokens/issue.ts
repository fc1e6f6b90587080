import { SignJWT } from 'jose';
import { z } from 'zod';
import { auditEntry } from '../../audit/entry.ts';
import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { ROLES, type Role, SCOPES, type Scope } from '../../kernel/identity.ts';
import { newId, TENANT_ID } from '../../kernel/ids.ts';
import { checked } from '../checked.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { needTenant } from '../registry/tenants.ts';
import { insertToken, tokenEpoch } from '../registry/tokens.ts';
import type { IssuedToken, TokenRequest } from '../verbs.ts';
import { type Claims, SUBJECT } from './claims.ts';
import { ROLE_RULES } from './roles.ts';
import type { SigningKeys } from './signing-keys.ts';

const DEFAULT_TTL_S = 12 * 3600;
const LONGEST_TTL_S = 366 * 86_400;
/** States of a tenant in which its people may get tokens. */
const OPEN_STATES = new Set(['PENDING', 'PROVISIONING', 'ACTIVE']);

const Request = z
  .strictObject({
    subject: z.string().regex(SUBJECT),
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)).min(1).optional(),
    tenant_id: z.string().regex(TENANT_ID).optional(),
    ttl_seconds: z.number().int().min(1).max(LONGEST_TTL_S).optional(),
  })
  .superRefine((request, context) => {
    const rules = ROLE_RULES[request.role];
    const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (rules.needsTenant && request.tenant_id === undefined) complain('tenant_id', `is required for ${request.role}`);
    if (!rules.needsTenant && request.tenant_id !== undefined) complain('tenant_id', `is refused for ${request.role}`);
    const beyond = (request.scopes ?? []).filter((scope) => !rules.scopes.includes(scope));
    if (beyond.length > 0) complain('scopes', `a ${request.role} may have: ${rules.scopes.join(', ')}`);
  });

/** What stands in a token that is asked for, and how long it lives. */
export interface CheckedRequest {
  subject: string;
  role: Role;
  scopes: Scope[];
  tenant_id?: string | undefined;
  ttl_seconds: number;
}

/** Holds a request against what tokens may be. Throws as `issueToken`. */
export function checkTokenRequest(registry: Registry, request: TokenRequest): CheckedRequest {
  const asked = checked(Request, request);
  if (asked.tenant_id !== undefined) refuseClosed(needTenant(registry, asked.tenant_id).state);
  return {
    ...asked,
    scopes: [...new Set(asked.scopes ?? ROLE_RULES[asked.role].scopes)],
    ttl_seconds: asked.ttl_seconds ?? DEFAULT_TTL_S,
  };
}

/** The one-time code that a token is made for: spent in the same transaction. */
export interface ForCode {
  code_id: string;
  /** Throws where somebody else was faster. */
  spend(): void;
}

/**
 * Makes a token: signed with the current key, written down with its TOKEN_ISSUED in one transaction before it is handed
 * out. Throws `VALIDATION_ERROR`, `RESOURCE_NOT_FOUND`, `TENANT_SUSPENDED`, `INVALID_STATE_TRANSITION`.
 */
export async function issueToken(
  parts: { registry: Registry; clock: Clock; keys: SigningKeys },
  request: TokenRequest,
  actor: string,
  forCode?: ForCode,
): Promise<IssuedToken> {
  const { registry, clock, keys } = parts;
  const asked = checkTokenRequest(registry, request);
  const { scopes } = asked;
  const issuedAt = Math.floor(clock.now() / 1000);
  const claims: Claims = {
    sub: asked.subject,
    ...(asked.tenant_id === undefined ? {} : { tenant_id: asked.tenant_id }),
    role: asked.role,
    scopes,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + asked.ttl_seconds,
    jti: newId(),
  };
  const { kid, key } = await keys.current();
  const token = await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid }).sign(key);
  const expires_at = new Date(claims.exp * 1000).toISOString();
  registry.write(() => {
    // It may have been closed since it was looked at.
    if (asked.tenant_id !== undefined) refuseClosed(needTenant(registry, asked.tenant_id).state);
    forCode?.spend();
    insertToken(registry, {
      jti: claims.jti,
      kid,
      subject: claims.sub,
      role: claims.role,
      scopes: scopes.join(' '),
      tenant_id: asked.tenant_id ?? null,
      epoch: tokenEpoch(registry, asked.tenant_id ?? null),
      issued_at: claims.iat,
      expires_at: claims.exp,
    });
    appendEntries(registry, [
      auditEntry(clock, 'TOKEN_ISSUED', {
        tenant_id: asked.tenant_id ?? APPLIANCE_LOG,
        actor,
        resource_type: asked.tenant_id === undefined ? 'appliance' : 'tenant',
        resource_id: asked.tenant_id ?? APPLIANCE_LOG,
        adds: {
          jti: claims.jti,
          subject: claims.sub,
          role: claims.role,
          scopes,
          expires_at,
          ...(forCode === undefined ? {} : { code_id: forCode.code_id }),
        },
      }),
    ]);
  });
  return { token, jti: claims.jti, expires_at };
}

function refuseClosed(state: string): void {
  if (OPEN_STATES.has(state)) return;
  if (state === 'SUSPENDED') throw new FrostbyteError('TENANT_SUSPENDED', 'The tenant is suspended.');
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `A tenant in state ${state} gets no tokens.`);
}
