import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ControlVerbs, SignIn } from '../../../appliance/control/verbs.ts';
import { forgeryMark } from '../../../appliance/gateway/session-cookie.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const HERE = { origin: 'http://localhost', 'sec-fetch-site': 'same-origin' };
const COOKIE = { cookie: `frostbyte=${SECRET}` };
const DANA = { username: 'dana', password: 'a long winter passphrase' };

/** Pages in front of a control that knows one person. */
function pages(verbs: Partial<ControlVerbs> = {}) {
  const signIns: { how: SignIn; source: string }[] = [];
  const world = gatewayWorld({
    verbs: {
      signIn: async (how, source) => {
        signIns.push({ how, source });
        if ('username' in how && how.password !== DANA.password)
          throw new FrostbyteError('AUTHENTICATION_REQUIRED', 'User name and password do not belong together.');
        return { secret: SECRET, subject: 'dana', expires_at: '2030-01-01T00:00:00.000Z' };
      },
      session: async (secret) => {
        if (secret !== SECRET) throw new FrostbyteError('TOKEN_REVOKED', 'The session was ended.');
        const scopes = ['ingest', 'query', 'audit'] as const;
        return { subject: 'dana', role: 'tenant_admin', tenant_id: 'acme', scopes, jti: 'j', expires_at: '' };
      },
      ...verbs,
    },
  });
  const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = HERE) =>
    world.request('POST', path, {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  const look = (path: string, headers: Record<string, string> = {}) =>
    world.request('GET', path, { headers: { accept: 'text/html', ...headers } });
  return { world, signIns, send, look };
}

describe('signing in', () => {
  it('gives the browser its session and leads on to where it was going', async () => {
    const { send, signIns } = pages();
    const answer = await send('/sign-in', { ...DANA, next: '/tenants/acme/batches?status=held' });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('location'), '/tenants/acme/batches?status=held');
    assert.match(answer.headers.get('set-cookie')!, new RegExp(`^frostbyte=${SECRET}; Path=/; HttpOnly; SameSite=Str`));
    assert.deepEqual(signIns, [{ how: DANA, source: 'local' }]);
  });

  it('leads to no other place than ours', async () => {
    const { send } = pages();
    for (const next of ['https://evil/', '//evil', '/\\evil', '/\tevil', 'javascript:1', '/api/v1/status', '', '/a b'])
      assert.equal((await send('/sign-in', { ...DANA, next })).headers.get('location'), '/', next);
  });

  it('takes a one-time code', async () => {
    const { send, signIns } = pages();
    await send('/sign-in', { code: ' ABCDE-fghjk ', next: '/' });
    assert.deepEqual(signIns[0]!.how, { code: 'ABCDE-fghjk' });
  });

  it('that is refused shows why, keeps the name, drops the password, and is counted', async () => {
    const { send, world } = pages();
    const answer = await send('/sign-in', { username: '"><script>', password: 'wrong pass', next: '/' });
    const text = await answer.text();
    assert.equal(answer.status, 403);
    assert.match(text, /do not belong together/);
    assert.match(text, /value="&quot;&gt;&lt;script&gt;"/);
    assert.ok(!text.includes('wrong pass'));
    assert.equal(world.calls.filter(({ verb }) => verb === 'authenticationFailed').length, 1);
  });

  it('from another site’s form is refused before anything is looked at', async () => {
    const { send, signIns } = pages();
    const others: Record<string, string>[] = [{ origin: 'http://evil' }, { 'sec-fetch-site': 'cross-site' }, {}];
    for (const headers of others) assert.equal((await send('/sign-in', DANA, headers)).status, 403);
    assert.deepEqual(signIns, []);
  });

  it('takes no form that is not one of ours, and none that is large', async () => {
    const { send } = pages();
    assert.equal((await send('/sign-in', DANA, { ...HERE, 'content-type': 'text/plain' })).status, 400);
    assert.equal((await send('/sign-in', { ...DANA, next: 'x'.repeat(70_000) })).status, 413);
  });
});

describe('a page', () => {
  it('is for whoever signed in: others go to the entrance, and from there back', async () => {
    const { look } = pages();
    assert.equal((await look('/')).headers.get('location'), '/sign-in?next=%2F');
    const ended = await look('/', { cookie: `frostbyte=${'x'.repeat(43)}` });
    assert.equal(ended.headers.get('location'), '/sign-in?note=ended&next=%2F');
    assert.equal(ended.headers.get('set-cookie'), null, 'a page that asks by itself would take the answer away');
    const told = await look('/sign-in?note=ended');
    assert.match(told.headers.get('set-cookie')!, /^frostbyte=; .*1970/);
    assert.match(await told.text(), /Your session is over/);
  });

  it('runs nothing but what this appliance serves, shows itself in no frame and is kept nowhere', async () => {
    const { look } = pages();
    for (const path of ['/tenants/acme/search', '/sign-in', '/nowhere']) {
      const answer = await look(path, COOKIE);
      const policy = answer.headers.get('content-security-policy')!;
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.match(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'/);
      assert.doesNotMatch(policy, /unsafe|https?:/);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('cross-origin-opener-policy'), 'same-origin');
      const text = await answer.text();
      assert.doesNotMatch(text, /<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/);
      assert.doesNotMatch(text, /(?:src|href|action)="(?!\/|#)/);
    }
  });

  it('speaks the language that was chosen, else one that the browser asks for', async () => {
    const { look, send } = pages();
    const said = async (headers: Record<string, string>) =>
      /<html lang="(\w+)">/.exec(await (await look('/sign-in', headers)).text())![1];
    assert.equal(await said({}), 'en');
    assert.equal(await said({ 'accept-language': 'fr, de-CH;q=0.8, en;q=0.9' }), 'en');
    assert.equal(await said({ 'accept-language': 'nn-NO,de;q=0.5' }), 'nb');
    assert.equal(await said({ 'accept-language': 'en', cookie: 'a=b; frostbyte-language=de' }), 'de');
    const chosen = await send('/language', { language: 'nb', next: '/sign-in' });
    assert.match(chosen.headers.get('set-cookie')!, /^frostbyte-language=nb; Path=\//);
    assert.equal(chosen.headers.get('location'), '/sign-in');
    assert.equal((await send('/language', { language: 'xx', next: '/' })).headers.get('set-cookie'), null);
  });

  it('that is not there says so to a person, and to a program as the API does', async () => {
    const { look, world } = pages();
    const shown = await look('/nowhere', COOKIE);
    assert.equal(shown.status, 404);
    assert.match(await shown.text(), /There is no such page/);
    for (const answer of [await world.request('GET', '/nowhere'), await look('/api/v1/nowhere')])
      assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'RESOURCE_NOT_FOUND');
  });

  it('has in its address nothing that would make another address of the API', async () => {
    const { look, world } = pages();
    for (const place of ['acme%2F..%2Fglobex', '%2e%2e', 'a%00b', 'acme%3Fx', 'acme%23', '%20'])
      assert.equal((await look(`/tenants/${place}/batches`, COOKIE)).status, 404, place);
    assert.ok(!world.calls.some(({ verb }) => verb === 'session'));
  });

  it('refuses a form whose mark is none, whatever it is made of', async () => {
    const { send } = pages();
    for (const mark of ['', '\u{fffd}\u{fffd}', 'x\r\ny: z', 'x'.repeat(43)]) {
      const answer = await send('/tenants/acme/search', { question: 'x', mark }, { ...HERE, ...COOKIE });
      assert.equal(answer.status, 403, JSON.stringify(mark));
    }
  });

  it('is measured by the pattern of its address', async () => {
    const { look, world } = pages();
    await look('/', COOKIE);
    await look('/sign-in');
    await look('/nowhere');
    assert.deepEqual(
      world.requests.map(({ endpoint }) => endpoint),
      ['/', '/sign-in', 'unknown'],
    );
  });
});

describe('signing out', () => {
  it('ends the session and takes it from the browser', async () => {
    const { send, world } = pages();
    const answer = await send('/sign-out', { mark: forgeryMark(SECRET) }, { ...HERE, ...COOKIE });
    assert.equal(answer.headers.get('location'), '/sign-in?note=signed-out');
    assert.match(answer.headers.get('set-cookie')!, /1970/);
    assert.deepEqual(world.calls.find(({ verb }) => verb === 'signOut')!.args, [SECRET]);
  });

  it('is nothing that another site can do', async () => {
    const { send, world } = pages();
    assert.equal((await send('/sign-out', { mark: 'x' }, { ...HERE, ...COOKIE })).status, 403);
    const foreign = { origin: 'http://evil', ...COOKIE };
    assert.equal((await send('/sign-out', { mark: forgeryMark(SECRET) }, foreign)).status, 403);
    assert.ok(!world.calls.some(({ verb }) => verb === 'signOut'));
  });
});
