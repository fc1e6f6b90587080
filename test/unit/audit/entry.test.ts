import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditEntry } from '../../../appliance/audit/entry.ts';
import { leafHash } from '../../../appliance/audit/leaf.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock();
const about = { tenant_id: 'acme', actor: 'dana', resource_id: 'acme' };

test('an entry that the log could not hash is not made: recorded, it would hold up every one behind it', () => {
  for (const reason of ['half \ud800', Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => auditEntry(clock, 'TENANT_SUSPENDED', { ...about, adds: { reason } }), Error);
  }
  assert.throws(() => auditEntry(clock, 'TENANT_SUSPENDED', { ...about, actor: '\udc00' }), Error);
  const { event } = auditEntry(clock, 'TENANT_SUSPENDED', { ...about, adds: { reason: '𝕏 \u0000 "\u202e' } });
  assert.equal(leafHash({ ...event, previous_event_id: null } as never).length, 32);
});

test('a detail that the table does not name is refused', () => {
  assert.throws(() => auditEntry(clock, 'TENANT_SUSPENDED', { ...about, adds: { text: 'x' } }), TypeError);
});
