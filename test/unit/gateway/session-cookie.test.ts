import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FORGERY_HEADER,
  forgeryMark,
  isFromHere,
  refuseForgery,
  sessionCookie,
  sessionOf,
} from '../../../appliance/gateway/session-cookie.ts';
import { gatewayWorld, refusalOf } from '../../support/gateway-world.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const OPENED = { secret: SECRET, expires_at: '2026-01-01T12:00:00.000Z' };
const at = (url: string, headers: Record<string, string>, method = 'POST') => new Request(url, { method, headers });

describe('the cookie of a session', () => {
  it('is bound to the host over TLS, is read by no script and sent to no other site', () => {
    assert.equal(
      sessionCookie(at('https://box/', {}), OPENED),
      `__Host-frostbyte=${SECRET}; Path=/; HttpOnly; SameSite=Strict; Secure; Expires=Thu, 01 Jan 2026 12:00:00 GMT`,
    );
    assert.match(sessionCookie(at('http://127.0.0.1/', {}), OPENED), /^frostbyte=.*HttpOnly; SameSite=Strict; Expires/);
    assert.match(sessionCookie(at('https://box/', {}), null), /^__Host-frostbyte=; .*1970/);
  });

  it('is found among others, and the one of a plain connection does not count over TLS', () => {
    const plain = `a=1; frostbyte=${SECRET} ; b=2`;
    assert.equal(sessionOf(at('http://box/', { cookie: plain })), SECRET);
    assert.equal(sessionOf(at('https://box/', { cookie: plain })), null);
    for (const cookie of ['', 'frostbyte=', `xfrostbyte=${SECRET}`, `frostbyte=${SECRET}x`, 'frostbyte'])
      assert.equal(sessionOf(at('http://box/', { cookie })), null, cookie);
  });
});

describe('a change by a session', () => {
  const mark = { [FORGERY_HEADER]: forgeryMark(SECRET) };
  for (const [what, headers, passes] of [
    ['of a page of ours', { origin: 'http://box', 'sec-fetch-site': 'same-origin', ...mark }, true],
    ['of an older browser, which names the origin alone', { origin: 'http://box', ...mark }, true],
    ['of another site', { origin: 'http://evil', 'sec-fetch-site': 'cross-site', ...mark }, false],
    ['of another port', { origin: 'http://box:81', ...mark }, false],
    ['of a neighbour of the same site', { origin: 'http://box', 'sec-fetch-site': 'same-site', ...mark }, false],
    ['of nowhere', { origin: 'null', 'sec-fetch-site': 'same-origin', ...mark }, false],
    ['that does not say where from', { ...mark }, false],
    ['without the mark', { origin: 'http://box', 'sec-fetch-site': 'same-origin' }, false],
    ['with another session’s mark', { origin: 'http://box', [FORGERY_HEADER]: forgeryMark('x') }, false],
  ] as const)
    it(`${what} ${passes ? 'passes' : 'is refused'}`, () => {
      const check = () => refuseForgery(at('http://box/api/v1/x', headers as Record<string, string>), SECRET);
      if (passes) check();
      else assert.throws(check, { code: 'INSUFFICIENT_PERMISSIONS' });
    });

  it('is told from what only reads', () => {
    refuseForgery(at('http://box/', {}, 'GET'), SECRET);
    assert.equal(isFromHere(at('http://box/', {}, 'GET')), false);
  });
});

describe('the API by a session', () => {
  it('answers as to a token of the same person, and a token goes before it', async () => {
    const world = gatewayWorld({
      verbs: {
        session: async (secret) => {
          assert.equal(secret, SECRET);
          const scopes = ['ingest', 'query', 'audit'] as const;
          return { subject: 'dana', role: 'tenant_admin', tenant_id: 'acme', scopes, jti: 'j', expires_at: '' };
        },
      },
    });
    const cookie = `frostbyte=${SECRET}`;
    const ask = (method: string, path: string, headers = {}) =>
      world.request(method, path, { headers: { cookie, ...headers } });
    assert.equal((await ask('GET', 'query/acme/documents')).status, 200);
    assert.equal(world.forwarded[0]!.caller.subject, 'dana');
    assert.equal((await refusalOf(await ask('GET', 'query/other/documents'))).code, 'INSUFFICIENT_PERMISSIONS');
    const forged = await ask('DELETE', 'ingest/acme/batch/b1', { 'sec-fetch-site': 'cross-site' });
    assert.equal((await refusalOf(forged)).status, 403);
    const own = { 'sec-fetch-site': 'same-origin', [FORGERY_HEADER]: forgeryMark(SECRET) };
    assert.equal((await ask('DELETE', 'ingest/acme/batch/b1', own)).status, 200);
    const foreign = await ask('GET', 'query/acme/documents', { authorization: 'Bearer nobody' });
    assert.equal((await refusalOf(foreign)).status, 401);
    assert.equal(world.forwarded.length, 2);
  });
});
