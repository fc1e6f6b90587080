import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditEntry } from '../../../../appliance/audit/entry.ts';
import { relayEvents } from '../../../../appliance/audit/relay.ts';
import { openRegistry, type Registry } from '../../../../appliance/control/registry/open.ts';
import { appendEntries, logsWithPending, outboxOf } from '../../../../appliance/control/registry/outbox.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';
import { memoryLog } from '../../../support/control/memory-log.ts';
import { manualClock } from '../../../support/manual-clock.ts';

const clock = manualClock();

async function registryOf(t: Parameters<typeof temporaryFolder>[0]): Promise<Registry> {
  const registry = openRegistry(`${await temporaryFolder(t)}/registry.sqlite`, clock);
  t.after(() => registry.close());
  return registry;
}

const created = (tenant: string, n = 1) =>
  Array.from({ length: n }, () =>
    auditEntry(clock, 'TENANT_SUSPENDED', {
      tenant_id: tenant,
      actor: 'frode',
      resource_id: tenant,
      adds: { reason: 'x' },
    }),
  );

test('events and relay positions can be neither changed nor deleted', async (t) => {
  const registry = await registryOf(t);
  registry.write(() => appendEntries(registry, created('acme')));
  await relayEvents(outboxOf(registry, 'acme'), memoryLog());
  for (const sql of [
    "UPDATE audit_events SET actor = 'nobody'",
    'DELETE FROM audit_events',
    'UPDATE audit_relayed SET log_index = 7',
    'DELETE FROM audit_relayed',
    'INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events',
    'INSERT OR REPLACE INTO audit_relayed SELECT tenant_id, seq, log_index + 1 FROM audit_relayed',
  ]) {
    assert.throws(() => registry.run(sql), sql);
  }
  assert.equal(registry.get<{ actor: string }>('SELECT actor FROM audit_events')?.actor, 'frode');
});

test('an event knows the one before it on the same resource', async (t) => {
  const registry = await registryOf(t);
  const entries = [...created('acme', 2), ...created('beta')];
  registry.write(() => appendEntries(registry, entries));
  const rows = registry.all<{ previous_event_id: string | null }>(
    'SELECT previous_event_id FROM audit_events ORDER BY seq',
  );
  assert.deepEqual(
    rows.map((row) => row.previous_event_id),
    [null, entries[0]?.event.event_id, null],
  );
});

test('a change that fails takes its events with it', async (t) => {
  const registry = await registryOf(t);
  assert.throws(() =>
    registry.write(() => {
      appendEntries(registry, created('acme'));
      throw new Error('no');
    }),
  );
  assert.deepEqual(logsWithPending(registry), []);
});

test('events reach the log of their tenant in order, once, and only that one', async (t) => {
  const registry = await registryOf(t);
  registry.write(() =>
    appendEntries(registry, [...created('acme', 5), ...created('_appliance'), ...created('acme', 3)]),
  );
  assert.deepEqual(logsWithPending(registry), ['_appliance', 'acme']);
  const log = memoryLog();
  assert.equal(await relayEvents(outboxOf(registry, 'acme'), log, { batch: 3 }), 8);
  assert.equal(await relayEvents(outboxOf(registry, 'acme'), log, { batch: 3 }), 0);
  assert.deepEqual(logsWithPending(registry), ['_appliance']);
  const ids = registry.all<{ event_id: string }>(
    "SELECT event_id FROM audit_events WHERE tenant_id = 'acme' ORDER BY seq",
  );
  assert.deepEqual(
    log.entries.map(({ event }) => event.event_id),
    ids.map((row) => row.event_id),
  );
});

test('a relay killed between log and outbox repeats itself without a second copy', async (t) => {
  const registry = await registryOf(t);
  registry.write(() => appendEntries(registry, created('acme', 4)));
  const log = memoryLog();
  const outbox = outboxOf(registry, 'acme');
  const killed = { ...outbox, markRelayed: () => Promise.reject(new Error('killed')) };
  await assert.rejects(relayEvents(killed, log), /killed/);
  assert.equal(log.entries.length, 4);
  assert.equal(await relayEvents(outbox, log), 4);
  assert.equal(log.entries.length, 4);
});

test('personal references leave the outbox once the log holds them', async (t) => {
  const registry = await registryOf(t);
  const entry = auditEntry(clock, 'BATCH_RECEIVED', {
    tenant_id: 'acme',
    actor: 'dana',
    resource_id: 'b1',
    references: { submitter: 'Dana Doe' },
  });
  registry.write(() => appendEntries(registry, [entry]));
  const log = memoryLog();
  await relayEvents(outboxOf(registry, 'acme'), log);
  assert.deepEqual(
    log.entries[0]?.references.map(({ value }) => value),
    ['Dana Doe'],
  );
  assert.equal(registry.all('SELECT 1 FROM audit_references').length, 0);
});
