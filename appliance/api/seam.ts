import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { FrostbyteError } from '../kernel/errors.ts';
import type { Caller, Role, Scope } from '../kernel/identity.ts';

/**
 * The seam between gateway and data plane (spec 1): the forwarded `Request` carries a signed assertion of who calls,
 * for which tenant, method and path, with seconds to live. Without it the data plane answers 401, so that reaching its
 * port is not enough. The gateway holds the private key, data planes the public one.
 */
export const ASSERTION_HEADER = 'x-frostbyte-assertion';
export const REQUEST_ID_HEADER = 'x-request-id';

const ISSUER = 'frostbyte-gateway';
const TTL_SECONDS = 30;

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
}

/** Signs an assertion for one request. */
export async function signAssertion(key: KeyObject, assertion: Assertion): Promise<string> {
  const { caller } = assertion;
  return new SignJWT({
    tenant: assertion.tenant_id,
    role: caller.role,
    scopes: caller.scopes,
    own_tenant: caller.tenant_id,
    token: caller.jti,
    method: assertion.method,
    path: assertion.path,
  })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setIssuer(ISSUER)
    .setSubject(caller.subject)
    .setIssuedAt()
    .setExpirationTime(`${TTL_SECONDS}s`)
    .sign(key);
}

/** Checks the assertion of a request that arrived at a tenant's app. Throws `AUTHENTICATION_REQUIRED`. */
export async function verifyAssertion(key: KeyObject, request: Request, tenantId: string): Promise<Caller> {
  const refuse = () =>
    new FrostbyteError(
      'AUTHENTICATION_REQUIRED',
      'This address answers the gateway only. Send the request to the gateway.',
    );
  const header = request.headers.get(ASSERTION_HEADER);
  if (!header) throw refuse();
  const { payload } = await jwtVerify(header, key, { algorithms: ['EdDSA'], issuer: ISSUER, clockTolerance: 5 }).catch(
    () => {
      throw refuse();
    },
  );
  const path = new URL(request.url).pathname;
  if (payload.tenant !== tenantId || payload.method !== request.method || payload.path !== path || !payload.sub)
    throw refuse();
  return {
    subject: payload.sub,
    role: payload.role as Role,
    scopes: payload.scopes as Scope[],
    tenant_id: (payload.own_tenant as string | null) ?? null,
    jti: String(payload.token),
  };
}
