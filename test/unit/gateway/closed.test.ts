import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKER, closeDoor, isClosed, openDoor, refuseWhileClosed } from '../../../appliance/kernel/closed-door.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { gatewayWorld } from '../../support/gateway-world.ts';

const admin = (subject: string) => ({
  tenant_id: null,
  subject,
  role: 'admin' as const,
  scopes: ['admin' as const],
  jti: `jti-${subject}`,
});
/** Tokens are subjects. */
const world = (authenticate = async (token: string) => admin(token)) =>
  gatewayWorld({ verbs: { authenticate: authenticate as never } });

test('behind a closed door everybody is told when to come again, whoever asks for what', async () => {
  const { request, door, forwarded } = world();
  door.closed = true;
  for (const [method, path, token] of [
    ['GET', 'status', 'frode'],
    ['GET', 'status', undefined],
    ['POST', 'query/acme/search', 'dana'],
    ['POST', 'admin/tenants/acme/suspend', 'frode'],
    ['POST', 'tokens/redeem', undefined],
    ['GET', 'nothing/there', 'frode'],
  ] as const) {
    const answer = await request(method, path, { ...(token && { token }), ...(method === 'POST' && { body: {} }) });
    assert.equal(answer.status, 503, path);
    assert.equal(answer.headers.get('retry-after'), '5', path);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, 'SERVICE_UNAVAILABLE');
    assert.match(error.message, /Nothing of this was taken/);
  }
  assert.equal(forwarded.length, 0);
  for (const path of ['/health', '/ready', '/metrics', '/api/v1/openapi.json'])
    assert.equal((await request('GET', path)).status, 200, path);
});

test('who checks the installation is let in, and nobody while control does not say who it is', async () => {
  const { request, door } = world();
  door.closed = true;
  assert.equal((await request('GET', 'status', { token: CHECKER })).status, 200);
  const silent = world(async () => Promise.reject(new FrostbyteError('SERVICE_UNAVAILABLE', 'away')));
  silent.door.closed = true;
  assert.equal((await silent.request('GET', 'status', { token: CHECKER })).status, 503);
  door.closed = false;
  assert.equal((await request('GET', 'status', { token: 'frode' })).status, 200);
});

test('the flag is a file; commands on the box that would change something are refused while it is there', (t) => {
  const flags = join(mkdtempSync(join(tmpdir(), 'frostbyte-door-')), 'suspended');
  t.after(() => rmSync(join(flags, '..'), { recursive: true }));
  assert.equal(isClosed(flags), false);
  openDoor(closed());
  refuseWhileClosed(flags);
  closed();
  assert.equal(isClosed(flags), true);
  assert.throws(() => refuseWhileClosed(flags), { code: 'SERVICE_UNAVAILABLE', message: /frostbyte plan show/ });
  openDoor(flags);
  assert.equal(isClosed(flags), false);

  function closed(): string {
    closeDoor(flags, 'Upgrade to 1.3.0');
    return flags;
  }
});
