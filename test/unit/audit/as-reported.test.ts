import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asReported } from '../../../appliance/audit/as-reported.ts';
import { auditEntry } from '../../../appliance/audit/entry.ts';
import { EVENTS, type EventName } from '../../../appliance/audit/events.ts';
import type { AuditEvent } from '../../../appliance/kernel/audit-event.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock();

function reported(type: EventName): AuditEvent {
  const adds = Object.fromEntries(EVENTS[type].adds.map((name) => [name, 'a value']));
  const { event } = auditEntry(clock, type, {
    tenant_id: 'acme',
    actor: 'dana',
    resource_id: 'doc-1',
    input_hash: '00',
    output_hash: '11',
    duration_ms: 3,
    adds,
  });
  return { ...event, previous_event_id: null };
}

const names = Object.keys(EVENTS) as EventName[];

for (const type of names) {
  const { by } = EVENTS[type];
  test(`${type} of a data plane is ${by === 'control' ? 'refused' : 'taken as it is'}`, () => {
    const event = reported(type);
    const taken = asReported('acme', event);
    if (by === 'data-plane') return assert.equal(taken, event);
    assert.equal(taken.event_type, 'EVENT_REFUSED');
    assert.equal(taken.event_id, event.event_id);
    assert.deepEqual(taken.details, {
      component: 'control-plane',
      status: 'failure',
      objection: 'reporter',
      refused_type: type,
    });
    assert.deepEqual(asReported('acme', event), taken, 'the same each time');
  });
}

test('an event of no type, another tenant’s, or with details that nobody named is refused, and none of it repeated', () => {
  const event = reported('INDEX_WRITTEN');
  const cases = [
    ['type', { ...event, event_type: 'THE CONTENT' }],
    ['type', { ...event, event_type: 'constructor' }],
    ['tenant', { ...event, tenant_id: 'globex' }],
    ['details', { ...event, details: { ...event.details, said: 'the content' } }],
  ] as const;
  for (const [objection, forged] of cases) {
    const taken = asReported('acme', forged);
    assert.deepEqual(
      [taken.event_type, taken.tenant_id, taken.details.objection],
      ['EVENT_REFUSED', 'acme', objection],
    );
    assert.doesNotMatch(JSON.stringify(taken), /content|constructor|globex|doc-1|dana/i);
  }
});
