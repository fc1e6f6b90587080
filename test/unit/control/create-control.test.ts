import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPLIANCE_LOG } from '../../../appliance/kernel/audit-event.ts';
import { controlWorld, makeTenant } from '../../support/control/control-fixture.ts';
import { memoryLog } from '../../support/control/memory-log.ts';

test('a report about people reaches the tenant’s log with its actor', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.report(tenant, 'BREAK_GLASS_OPENED', {
    actor: 'frode',
    resource_id: tenant,
    adds: { reason: 'support case', method: 'GET', route: '/x' },
  });
  await world.control.relayNow();
  const event = world.logs.get(tenant)?.entries.at(-1)?.event;
  assert.deepEqual([event?.event_type, event?.actor], ['BREAK_GLASS_OPENED', 'frode']);
});

test('a report with a detail that its type does not name, of an unknown type or log, writes nothing', async (t) => {
  const world = await controlWorld(t);
  const say = (log: string, type: string, adds: Record<string, unknown>) =>
    world.control.report(log, type, { actor: 'frode', resource_id: 'x', adds });
  await assert.rejects(say(APPLIANCE_LOG, 'BUNDLE_VERIFIED', { text: 'content' }), TypeError);
  await assert.rejects(say(APPLIANCE_LOG, 'toString', {}), TypeError);
  await assert.rejects(say('nobody', 'BREAK_GLASS_OPENED', {}), { code: 'RESOURCE_NOT_FOUND' });
  await assert.rejects(world.control.auditLog('../registry'), { code: 'RESOURCE_NOT_FOUND' });
  await world.control.relayNow();
  assert.equal(world.logs.size, 0);
});

test('a log that fails does not keep the others from being relayed, and its events wait', async (t) => {
  const world = await controlWorld(t);
  const acme = memoryLog();
  let broken = true;
  const control = await world.again({
    openLog: async (logId) => {
      if (logId === 'beta' && broken) throw new Error('disk');
      return acme;
    },
  });
  for (const tenant_id of ['acme', 'beta']) {
    await control.createTenant(
      { tenant_id, tenant_name: 'X', contact_email: 'a@b.example', tier: 'standard' },
      'frode',
    );
  }
  await assert.rejects(control.relayNow(), /disk/);
  assert.deepEqual(
    acme.entries.map(({ event }) => event.tenant_id),
    ['acme'],
  );
  broken = false;
  await control.relayNow();
  assert.deepEqual(
    acme.entries.map(({ event }) => event.tenant_id),
    ['acme', 'beta'],
  );
});

test('health names what does not answer and says nothing secret', async (t) => {
  const world = await controlWorld(t);
  assert.ok((await world.control.health()).every(({ ok }) => ok));
  const broken = await world.again({ openLog: () => Promise.reject(new Error('/secret/path')) });
  assert.deepEqual(
    (await broken.health()).filter(({ ok }) => !ok),
    [{ name: 'audit log', ok: false, message: 'does not answer' }],
  );
});

test('a process that only used the verbs leaves its events to the daemon', async (t) => {
  const world = await controlWorld(t);
  const commandLine = await world.again();
  await commandLine.issueToken({ subject: 'frode', role: 'admin' }, 'system');
  await commandLine.stop();
  await commandLine.stop();
  assert.equal(world.logs.size, 0);
  await world.control.start();
  await world.control.idle();
  assert.deepEqual(world.types(APPLIANCE_LOG), ['TOKEN_ISSUED']);
});

test('a control that was stopped does not start again', async (t) => {
  const { control } = await controlWorld(t);
  await control.stop();
  await assert.rejects(control.start(), { code: 'SERVICE_UNAVAILABLE' });
});

test('two processes that open one new folder at once agree on it', async (t) => {
  const world = await controlWorld(t);
  const [one, two] = await Promise.all([world.again(), world.again()]);
  const token = await one.issueToken({ subject: 'frode', role: 'admin' }, 'system');
  assert.equal((await two.authenticate(token.token)).subject, 'frode');
});
