import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { type JWTHeaderParameters, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { FrostbyteError } from '../kernel/errors.ts';
import type { Caller, Role, Scope } from '../kernel/identity.ts';
import type { SpentAssertions } from './spent-assertions.ts';

/**
 * The seam between gateway and data plane (spec 1): the forwarded `Request` carries a signed assertion of who calls,
 * for which tenant, method, path, query and length of body, with seconds to live. Without it the data plane answers 401,
 * so that reaching its port is not enough. The gateway holds the private key, data planes the public one. What control
 * asks of a data plane carries an assertion of control's own.
 */
export const ASSERTION_HEADER = 'x-frostbyte-assertion';
export const REQUEST_ID_HEADER = 'x-request-id';

const GATEWAY = 'frostbyte-gateway';
const CONTROL = 'frostbyte-control';
/** How long an assertion is good for: the time from one process to the next, however busy the machine. */
export const TTL_SECONDS = 30;
const CLOCKS_SECONDS = 5;

/** The key of a gateway, or of several: the one that the assertion's header names. */
export type SeamKey = KeyObject | ((header: JWTHeaderParameters) => KeyObject);

export interface SeamKeys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export function generateSeamKeys(): SeamKeys {
  return generateKeyPairSync('ed25519');
}

export function seamKeysFromPem(privatePem: string): SeamKeys {
  const privateKey = createPrivateKey(privatePem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export interface Assertion {
  tenant_id: string;
  caller: Caller;
  method: string;
  path: string;
  /** With its question mark; nothing where there is none. */
  query?: string;
  /** As `content-length` says; null for a body of unknown length, or none. */
  length?: string | null;
  /** Which of several gateways signs. */
  key_id?: string;
}

/** Signs an assertion for one request. */
export async function signAssertion(key: KeyObject, assertion: Assertion): Promise<string> {
  const { caller } = assertion;
  return signed(key, GATEWAY, caller.subject, assertion.key_id, {
    tenant: assertion.tenant_id,
    role: caller.role,
    scopes: caller.scopes,
    own_tenant: caller.tenant_id,
    token: caller.jti,
    method: assertion.method,
    path: assertion.path,
    query: assertion.query ?? '',
    length: bodyLength(assertion.length),
  });
}

/**
 * Checks the assertion of a request that arrived at a tenant's app; with `spent`, that it comes for the first time.
 * Throws `AUTHENTICATION_REQUIRED`.
 */
export async function verifyAssertion(
  key: SeamKey,
  request: Request,
  tenantId: string,
  spent?: SpentAssertions,
): Promise<Caller> {
  const payload = await verified(key, GATEWAY, request.headers.get(ASSERTION_HEADER), spent);
  const { pathname, search } = new URL(request.url);
  const isFor =
    payload.tenant === tenantId &&
    payload.method === request.method &&
    payload.path === pathname &&
    payload.query === search &&
    payload.length === bodyLength(request.headers.get('content-length'));
  if (!isFor || !payload.sub) throw refusal();
  return {
    subject: payload.sub,
    role: payload.role as Role,
    scopes: payload.scopes as Scope[],
    tenant_id: (payload.own_tenant as string | null) ?? null,
    jti: String(payload.token),
  };
}

/** Signs what control asks of a tenant's data plane. */
export async function signControlAssertion(key: KeyObject, tenantId: string, path: string): Promise<string> {
  return signed(key, CONTROL, 'control', undefined, { tenant: tenantId, path });
}

/** Checks that control itself asks, and this tenant's data plane. Throws `AUTHENTICATION_REQUIRED`. */
export async function verifyControlAssertion(
  key: KeyObject,
  asked: { path: string; assertion: string | undefined },
  tenantId: string,
  spent: SpentAssertions,
): Promise<void> {
  const payload = await verified(key, CONTROL, asked.assertion ?? null, spent);
  if (payload.tenant !== tenantId || payload.path !== asked.path) throw refusal();
}

function signed(
  key: KeyObject,
  issuer: string,
  subject: string,
  kid: string | undefined,
  claims: JWTPayload,
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', ...(kid === undefined ? {} : { kid }) })
    .setIssuer(issuer)
    .setSubject(subject)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${TTL_SECONDS}s`)
    .sign(key);
}

async function verified(
  key: SeamKey,
  issuer: string,
  assertion: string | null,
  spent: SpentAssertions | undefined,
): Promise<JWTPayload> {
  if (!assertion) throw refusal();
  const keyOf = typeof key === 'function' ? key : () => key;
  const options = { algorithms: ['EdDSA'], issuer, clockTolerance: CLOCKS_SECONDS };
  const { payload } = await jwtVerify(assertion, keyOf, options).catch(() => Promise.reject(refusal()));
  if (spent !== undefined && !spent.spend(payload.jti)) throw refusal();
  return payload;
}

/** No body and an empty one are the same: on the way, one becomes the other. */
function bodyLength(length: string | null | undefined): string | null {
  return length === undefined || length === null || length === '0' ? null : length;
}

function refusal(): FrostbyteError {
  return new FrostbyteError(
    'AUTHENTICATION_REQUIRED',
    'This address answers the gateway only. Send the request to the gateway.',
  );
}
