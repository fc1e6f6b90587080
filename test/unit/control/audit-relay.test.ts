import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { auditEntry } from '../../../appliance/audit/entry.ts';
import { type ControlRelay, controlRelay } from '../../../appliance/control/audit-relay.ts';
import { openRegistry } from '../../../appliance/control/registry/open.ts';
import { controlPaths } from '../../../appliance/kernel/names.ts';
import type { AuditOutbox } from '../../../appliance/stores/record/port.ts';
import { controlWorld, makeTenant, silentLogger } from '../../support/control/control-fixture.ts';
import { type MemoryLog, memoryLog } from '../../support/control/memory-log.ts';
import { until } from '../../support/faults/until.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock();
const HOSTILE = 'acme';
const QUIET = 'globex';

type Waiting = Awaited<ReturnType<AuditOutbox['pendingEvents']>>[number];

const event = (tenant_id: string, seq: number): Waiting => {
  const entry = auditEntry(clock, 'BATCH_CANCELLED', { tenant_id, actor: 'a test', resource_id: 'a batch' });
  return { seq, event: { ...entry.event, previous_event_id: null }, references: entry.references };
};

/** Events that wait once. */
function outboxOf(tenantId: string, count: number): AuditOutbox {
  let waiting = Array.from({ length: count }, (_, at) => event(tenantId, at + 1));
  return {
    pendingEvents: async (limit) => waiting.slice(0, limit),
    markRelayed: async (positions) => {
      waiting = waiting.filter(({ seq }) => !positions.some((one) => one.seq === seq));
    },
  };
}

/** Two active tenants and their relay; the quiet one has three events that wait. */
async function relaying(
  t: TestContext,
  hostile: () => Promise<AuditOutbox>,
  patienceMs: number,
): Promise<{ relay: ControlRelay; logs: Map<string, MemoryLog> }> {
  const { control, folder } = await controlWorld(t);
  await control.start();
  for (const tenant_id of [HOSTILE, QUIET]) await makeTenant(control, { tenant_id });
  await control.relayNow();
  await control.stop();
  const registry = openRegistry(controlPaths(folder).registry, clock);
  t.after(() => registry.close());
  const logs = new Map([HOSTILE, QUIET].map((id) => [id, memoryLog()]));
  const quiet = outboxOf(QUIET, 3);
  const relay = controlRelay({
    registry,
    clock,
    resources: { outbox: async (tenantId) => (tenantId === HOSTILE ? hostile() : quiet) },
    log: async (id) => logs.get(id)!,
    logger: silentLogger,
    patienceMs,
  });
  return { relay, logs };
}

test('a data plane that has events without end has its share of a round, and others’ are relayed', async (t) => {
  let told = 0;
  const endless: AuditOutbox = {
    pendingEvents: async (limit) => Array.from({ length: limit }, () => event(HOSTILE, ++told)),
    markRelayed: async () => undefined,
  };
  const { relay, logs } = await relaying(t, async () => endless, 60_000);
  await relay.round();
  assert.equal(logs.get(QUIET)!.entries.length, 3);
  assert.equal(logs.get(HOSTILE)!.entries.length, 5000);
  await relay.round();
  assert.equal(logs.get(HOSTILE)!.entries.length, 10_000, 'it goes on in the next');
});

test('a data plane that does not answer keeps no round waiting, and is not asked again until it does', async (t) => {
  const silence = Promise.withResolvers<void>();
  const outbox = outboxOf(HOSTILE, 2);
  let asked = 0;
  const { relay, logs } = await relaying(
    t,
    async () => {
      asked += 1;
      await silence.promise;
      return outbox;
    },
    20,
  );
  await relay.round();
  await relay.round();
  assert.deepEqual([asked, logs.get(QUIET)!.entries.length, logs.get(HOSTILE)!.entries.length], [1, 3, 0]);
  silence.resolve();
  await until('its events', () => logs.get(HOSTILE)!.entries.length === 2);
});

test('a data plane that fails fails no round, and rests', async (t) => {
  let asked = 0;
  const fails = async () => {
    asked += 1;
    throw new Error('no answer that can be read');
  };
  const { relay, logs } = await relaying(t, fails, 60_000);
  await relay.round();
  await relay.round();
  assert.deepEqual([asked, logs.get(QUIET)!.entries.length], [1, 3]);
  await assert.rejects(relay.relayAll(), /no answer/, 'who asks for all of it is told');
});

test('what only control reports, and a taken-over data plane did, is in the log as refused', async (t) => {
  const told: Waiting[] = [
    event(HOSTILE, 1),
    {
      seq: 2,
      event: { ...event(HOSTILE, 2).event, event_type: 'TENANT_RESUMED', actor: 'frode', resource_id: 'words of mine' },
      references: [{ name: 'filename', salt: '00', value: 'words of mine' }],
    },
    { ...event(QUIET, 3) },
    event(HOSTILE, 4),
  ];
  const marked: number[] = [];
  const outbox: AuditOutbox = {
    pendingEvents: async () => told.filter(({ seq }) => !marked.includes(seq)),
    markRelayed: async (positions) => void marked.push(...positions.map(({ seq }) => seq)),
  };
  const { relay, logs } = await relaying(t, async () => outbox, 60_000);
  await relay.round();
  assert.deepEqual(marked, [1, 2, 3, 4], 'none of them is offered for ever');
  const logged = logs.get(HOSTILE)!.entries;
  assert.deepEqual(
    logged.map(({ event: { event_type, tenant_id, actor } }) => [event_type, tenant_id, actor]),
    [
      ['BATCH_CANCELLED', HOSTILE, 'a test'],
      ['EVENT_REFUSED', HOSTILE, 'system'],
      ['EVENT_REFUSED', HOSTILE, 'system'],
      ['BATCH_CANCELLED', HOSTILE, 'a test'],
    ],
  );
  assert.deepEqual(
    logged.map(({ event: { details } }) => details.objection),
    [undefined, 'reporter', 'tenant', undefined],
  );
  assert.doesNotMatch(JSON.stringify(logged), /words of mine/);
});
