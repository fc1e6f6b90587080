import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import {
  ASSERTION_HEADER,
  generateSeamKeys,
  seamKeysFromPem,
  signAssertion,
  signControlAssertion,
  verifyAssertion,
  verifyControlAssertion,
} from '../../../appliance/api/seam.ts';
import { spentAssertions } from '../../../appliance/api/spent-assertions.ts';
import type { Caller } from '../../../appliance/kernel/identity.ts';

const keys = generateSeamKeys();
const caller: Caller = {
  subject: 'dana',
  role: 'tenant_admin',
  scopes: ['ingest', 'query'],
  tenant_id: 'acme',
  jti: 'j1',
};
const PATH = '/api/v1/query/acme/search';

function request(assertion?: string, change: { method?: string; path?: string } = {}): Request {
  return new Request(`http://data${change.path ?? PATH}`, {
    method: change.method ?? 'POST',
    ...(assertion === undefined ? {} : { headers: { [ASSERTION_HEADER]: assertion } }),
  });
}

const sign = () => signAssertion(keys.privateKey, { tenant_id: 'acme', caller, method: 'POST', path: PATH });
const refused = (made: Request, tenant = 'acme') =>
  assert.rejects(verifyAssertion(keys.publicKey, made, tenant), { code: 'AUTHENTICATION_REQUIRED' });

test('a signed assertion tells the data plane who calls', async () => {
  assert.deepEqual(await verifyAssertion(keys.publicKey, request(await sign()), 'acme'), caller);
});

test('an administrator has no tenant of its own', async () => {
  const admin: Caller = { ...caller, role: 'admin', tenant_id: null };
  const assertion = await signAssertion(keys.privateKey, {
    tenant_id: 'acme',
    caller: admin,
    method: 'POST',
    path: PATH,
  });
  assert.deepEqual(await verifyAssertion(keys.publicKey, request(assertion), 'acme'), admin);
});

test('without it, or for another tenant, method or path, the door is shut', async () => {
  const assertion = await sign();
  await refused(request());
  await refused(request('nonsense'));
  await refused(request(assertion), 'globex');
  await refused(request(assertion, { method: 'PUT' }));
  await refused(request(assertion, { path: '/api/v1/query/acme/documents' }));
});

test('it is for one query and one length of body, and counts once where that is asked', async () => {
  const made = await signAssertion(keys.privateKey, {
    tenant_id: 'acme',
    caller,
    method: 'POST',
    path: PATH,
    query: '?page=2',
    length: '7',
  });
  const arrived = (query: string, length?: string) =>
    new Request(`http://data${PATH}${query}`, {
      method: 'POST',
      headers: { [ASSERTION_HEADER]: made, ...(length === undefined ? {} : { 'content-length': length }) },
    });
  await refused(arrived('', '7'));
  await refused(arrived('?page=3', '7'));
  await refused(arrived('?page=2'));
  await refused(arrived('?page=2', '8'));
  const spent = spentAssertions(1000);
  assert.deepEqual(await verifyAssertion(keys.publicKey, arrived('?page=2', '7'), 'acme', spent), caller);
  await assert.rejects(verifyAssertion(keys.publicKey, arrived('?page=2', '7'), 'acme', spent), {
    code: 'AUTHENTICATION_REQUIRED',
  });
});

test('of several gateways the one that the assertion names is asked, and an unknown one refused', async () => {
  const other = generateSeamKeys();
  const by = (key_id: string, key = other.privateKey) =>
    signAssertion(key, { tenant_id: 'acme', caller, method: 'POST', path: PATH, key_id });
  const known = ({ kid }: { kid?: string }) => {
    if (kid !== 'b') throw new Error('unknown');
    return other.publicKey;
  };
  assert.deepEqual(await verifyAssertion(known, request(await by('b')), 'acme'), caller);
  for (const assertion of [await by('a'), await by('b', keys.privateKey), await sign()])
    await assert.rejects(verifyAssertion(known, request(assertion), 'acme'), { code: 'AUTHENTICATION_REQUIRED' });
});

test('control’s assertion is no gateway’s, nor the other way round', async () => {
  const spent = spentAssertions(1000);
  const control = await signControlAssertion(keys.privateKey, 'acme', '/internal/drain');
  await refused(request(control));
  const check = (path: string, assertion?: string) =>
    verifyControlAssertion(keys.publicKey, { path, assertion }, 'acme', spent);
  await assert.rejects(check('/internal/drain', await sign()), { code: 'AUTHENTICATION_REQUIRED' });
  await assert.rejects(check('/internal/drain'), { code: 'AUTHENTICATION_REQUIRED' });
  await check('/internal/drain', control);
});

test('only our key, our algorithm and our name count', async () => {
  const claims = {
    tenant: 'acme',
    role: 'admin',
    scopes: [],
    own_tenant: null,
    token: 'j',
    method: 'POST',
    path: PATH,
  };
  const make = (alg: string, key: Parameters<SignJWT['sign']>[0], issuer = 'frostbyte-gateway', expires = '30s') =>
    new SignJWT(claims)
      .setProtectedHeader({ alg })
      .setIssuer(issuer)
      .setSubject('eve')
      .setIssuedAt()
      .setExpirationTime(expires)
      .sign(key);
  await refused(request(await make('EdDSA', generateSeamKeys().privateKey)));
  const publicPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await refused(request(await make('HS256', new TextEncoder().encode(publicPem))));
  await refused(request(await make('EdDSA', keys.privateKey, 'someone')));
  await refused(request(await make('EdDSA', keys.privateKey, 'frostbyte-gateway', '-10s')));
  const [, body] = (await sign()).split('.');
  await refused(request(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`));
});

test('an assertion lives for seconds', async () => {
  const [, body] = (await sign()).split('.');
  const { iat, exp } = JSON.parse(Buffer.from(body!, 'base64url').toString()) as { iat: number; exp: number };
  assert.ok(exp - iat > 0 && exp - iat <= 30);
});

test('a pair of keys comes back from its PEM', async () => {
  const again = seamKeysFromPem(keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  assert.deepEqual(await verifyAssertion(again.publicKey, request(await sign()), 'acme'), caller);
});
