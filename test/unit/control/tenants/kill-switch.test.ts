import assert from 'node:assert/strict';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { tenantGate } from '../../../../appliance/control/tenants/gate.ts';
import { suspendTenant } from '../../../../appliance/control/tenants/kill-switch.ts';
import { isSuspended, lowerFlag, raiseFlag } from '../../../../appliance/control/tenants/suspension-flags.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { controlWorld, makeTenant, temporaryFolder } from '../../../support/control/control-fixture.ts';
import { folderResources } from '../../../support/control/folder-resources.ts';
import { manualClock } from '../../../support/manual-clock.ts';

test('the flag is there before anything else happens, and the gate sees it at once', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  raiseFlag(world.folder, tenant, { actor: 'frode', reason: 'breach' });
  assert.equal((await world.control.gate(tenant)).state, 'SUSPENDED');
  assert.equal((await world.control.tenant(tenant)).state, 'ACTIVE');
  assert.deepEqual(await world.control.activeTenants(), []);
});

test('when suspend answers, requests, jobs and tokens are refused, however long the work in flight takes', async (t) => {
  let stopped = 0;
  const inFlight = Promise.withResolvers<void>();
  const world = await controlWorld(t);
  const slow = await world.again({
    resources: {
      ...folderResources(world.folder),
      stop: () => {
        stopped += 1;
        return inFlight.promise;
      },
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  const { token } = await world.control.issueToken(
    { subject: 'dana', role: 'tenant_user', tenant_id: tenant },
    'frode',
  );
  assert.equal((await world.control.authenticate(token)).subject, 'dana');

  const started = performance.now();
  const change = await slow.suspend(tenant, { reason: 'breach', notify_tenant: true }, 'frode');
  assert.ok(performance.now() - started < 1000);
  assert.deepEqual([change.previous_state, change.current_state, stopped], ['ACTIVE', 'SUSPENDED', 1]);
  assert.equal((await world.control.gate(tenant)).state, 'SUSPENDED');
  assert.equal(isSuspended(world.folder, tenant), true);
  await assert.rejects(world.control.authenticate(token), { code: 'TOKEN_REVOKED' });
  assert.equal((await world.control.notices(tenant)).length, 1);
  inFlight.resolve();
});

test('tokens of before the suspension stay dead after the resume; new ones work', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const ask = { subject: 'dana', role: 'tenant_user' as const, tenant_id: tenant };
  const old = await control.issueToken(ask, 'frode');
  await control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'frode');
  await assert.rejects(control.issueToken(ask, 'frode'), { code: 'TENANT_SUSPENDED' });
  const change = await control.resume(tenant, { reason: 'cleared' }, 'frode');
  assert.equal(change.current_state, 'ACTIVE');
  assert.equal(isSuspended(world.folder, tenant), false);
  await assert.rejects(control.authenticate(old.token), { code: 'TOKEN_REVOKED' });
  const fresh = await control.issueToken(ask, 'frode');
  assert.equal((await control.authenticate(fresh.token)).tenant_id, tenant);
  assert.deepEqual(await control.notices(tenant), []);
});

test('a suspension cut short between flag and registry is completed at the next start, under its actor and reason', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  const { token } = await world.control.issueToken(
    { subject: 'dana', role: 'tenant_user', tenant_id: tenant },
    'frode',
  );
  raiseFlag(world.folder, tenant, { actor: 'frode', reason: 'breach' });
  await world.control.stop();

  const next = await world.again();
  await next.start();
  assert.equal((await next.tenant(tenant)).state, 'SUSPENDED');
  await assert.rejects(next.authenticate(token), { code: 'TOKEN_REVOKED' });
  await next.relayNow();
  const event = world.logs.get(tenant)?.entries.at(-1)?.event;
  assert.deepEqual([event?.event_type, event?.actor, event?.details.reason], ['TENANT_SUSPENDED', 'frode', 'breach']);
});

test('a resume cut short leaves the tenant suspended, and the next start puts the flag back', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'frode');
  lowerFlag(world.folder, tenant);
  assert.equal((await world.control.gate(tenant)).state, 'SUSPENDED');
  await world.control.stop();
  const next = await world.again();
  await next.start();
  assert.equal(isSuspended(world.folder, tenant), true);
});

test('a suspension survives a restart', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'frode');
  await world.control.stop();
  const next = await world.again();
  await next.start();
  assert.equal((await next.gate(tenant)).state, 'SUSPENDED');
});

test('suspending a tenant that is not active is refused and leaves no flag', async (t) => {
  const world = await controlWorld(t);
  const { tenant_id } = await world.control.createTenant(
    { tenant_name: 'Acme', contact_email: 'dana@acme.example', tier: 'standard' },
    'frode',
  );
  const ask = { reason: 'breach', notify_tenant: false };
  await assert.rejects(world.control.suspend(tenant_id, ask, 'frode'), { code: 'INVALID_STATE_TRANSITION' });
  await assert.rejects(world.control.suspend('nobody', ask, 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  await assert.rejects(world.control.suspend('../acme', ask, 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  assert.equal(isSuspended(world.folder, tenant_id), false);
});

test('a folder of flags that cannot be read counts as suspended', async (t) => {
  const folder = await temporaryFolder(t);
  symlinkSync('control', join(folder, 'control'));
  assert.equal(isSuspended(folder, 'acme'), true);
});

test('strange files among the flags are ignored, and a flag of nobody goes at the start', async (t) => {
  const world = await controlWorld(t);
  raiseFlag(world.folder, 'ghost', { actor: 'frode', reason: 'breach' });
  writeFileSync(join(controlPaths(world.folder).suspended, 'README.txt'), 'hello');
  await world.control.start();
  assert.deepEqual(readdirSync(controlPaths(world.folder).suspended), ['README.txt']);
});

test('a second suspension is refused and the first one stands', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'frode');
  await assert.rejects(world.control.suspend(tenant, { reason: 'again', notify_tenant: false }, 'frode'), {
    code: 'INVALID_STATE_TRANSITION',
  });
  assert.equal(isSuspended(world.folder, tenant), true);
});

test('the gate answers in a fraction of a millisecond', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  await control.gate(tenant);
  const rounds = 500;
  const started = performance.now();
  for (let n = 0; n < rounds; n += 1) await control.gate(tenant);
  const each = (performance.now() - started) / rounds;
  t.diagnostic(`${each.toFixed(4)} ms each`);
  assert.ok(each < 0.5);
});

test('a stopped tenant is refused as suspended even when the registry cannot answer, and so is every request then', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = openRegistry(join(folder, 'registry.sqlite'), manualClock());
  registry.close();
  const gate = tenantGate(folder, registry);
  assert.throws(() => gate('acme'));
  raiseFlag(folder, 'acme', { actor: 'frode', reason: 'breach' });
  assert.equal(gate('acme').state, 'SUSPENDED');
});

test('a suspension that the registry cannot record still stops the tenant', async (t) => {
  const folder = await temporaryFolder(t);
  const clock = manualClock();
  const registry = openRegistry(join(folder, 'registry.sqlite'), clock);
  registry.close();
  const ask = { reason: 'breach', notify_tenant: false };
  assert.throws(() => suspendTenant({ dataFolder: folder, registry, clock }, 'acme', ask, 'frode'));
  assert.equal(isSuspended(folder, 'acme'), true);
});
