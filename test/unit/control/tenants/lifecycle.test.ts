import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { findTenant } from '../../../../appliance/control/registry/tenants.ts';
import { createTenantRow } from '../../../../appliance/control/tenants/create.ts';
import { allowedMove, TRANSITIONS, TRIGGERS } from '../../../../appliance/control/tenants/lifecycle.ts';
import { moveTenant } from '../../../../appliance/control/tenants/transition.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { TENANT_STATES } from '../../../../appliance/kernel/identity.ts';
import { ACME, temporaryFolder } from '../../../support/control/control-fixture.ts';
import { manualClock } from '../../../support/manual-clock.ts';

/** Spec 3's table, written down a second time and by hand: what the code's table must equal. */
const SPEC = [
  'none create PENDING TENANT_CREATED',
  'PENDING provision PROVISIONING TENANT_PROVISION_STARTED',
  'PROVISIONING provisioned ACTIVE TENANT_PROVISIONED',
  'PROVISIONING provisioning_failed FAILED TENANT_PROVISION_FAILED',
  'ACTIVE configure ACTIVE TENANT_CONFIG_UPDATED',
  'ACTIVE suspend SUSPENDED TENANT_SUSPENDED',
  'SUSPENDED resume ACTIVE TENANT_RESUMED',
  'ACTIVE deprovision DEPROVISIONING TENANT_DEPROVISION_STARTED',
  'SUSPENDED deprovision DEPROVISIONING TENANT_DEPROVISION_STARTED',
  'DEPROVISIONING deprovisioned DEPROVISIONED TENANT_DEPROVISIONED',
  'DEPROVISIONING deprovisioning_failed FAILED TENANT_DEPROVISION_FAILED',
  'FAILED retry PROVISIONING TENANT_PROVISION_RETRY',
  'FAILED abandon DEPROVISIONING TENANT_ABANDONED',
];

test('the table has the twelve rows and thirteen transitions of the specification', () => {
  const written = TRANSITIONS.flatMap((row) =>
    row.from.map((from) => `${from ?? 'none'} ${row.trigger} ${row.to} ${row.event}`),
  );
  assert.equal(TRANSITIONS.length, 12);
  assert.deepEqual(written.toSorted(), SPEC.toSorted());
});

test('the table cannot be changed at run time', () => {
  assert.ok(
    Object.isFrozen(TRANSITIONS) && TRANSITIONS.every((row) => Object.isFrozen(row) && Object.isFrozen(row.from)),
  );
});

test('a tenant that failed while being deleted cannot be provisioned again', () => {
  assert.throws(() => allowedMove('retry', 'FAILED', 'deprovisioning'), { code: 'INVALID_STATE_TRANSITION' });
  assert.equal(allowedMove('retry', 'FAILED', 'provisioning').to, 'PROVISIONING');
  assert.equal(allowedMove('abandon', 'FAILED', 'provisioning').to, 'DEPROVISIONING');
  assert.equal(allowedMove('abandon', 'FAILED', 'deprovisioning').to, 'DEPROVISIONING');
});

test('every move that is not in the table is refused and changes nothing; every other one happens with its event', async (t) => {
  const clock = manualClock();
  const registry = openRegistry(`${await temporaryFolder(t)}/registry.sqlite`, clock);
  t.after(() => registry.close());
  const tenantId = createTenantRow(registry, clock, ACME, 'frode');
  const events = () => registry.all<{ event_type: string }>('SELECT event_type FROM audit_events ORDER BY seq');

  fc.assert(
    fc.property(
      fc.constantFrom(...TENANT_STATES),
      fc.constantFrom(...TRIGGERS),
      fc.constantFrom('provisioning' as const, 'deprovisioning' as const),
      (state, trigger, during) => {
        const failedDuring = state === 'FAILED' ? during : null;
        registry.run('UPDATE tenants SET state = ?, failed_during = ? WHERE tenant_id = ?', [
          state,
          failedDuring,
          tenantId,
        ]);
        const before = { row: findTenant(registry, tenantId), events: events().length };
        const row = SPEC.map((line) => line.split(' ')).find(([from, name]) => from === state && name === trigger);
        const allowed = row !== undefined && !(trigger === 'retry' && failedDuring === 'deprovisioning');
        let also = false;
        const move = () =>
          moveTenant(registry, clock, { tenantId, trigger, actor: 'frode', also: () => (also = true) });
        if (allowed) {
          assert.deepEqual(move(), { previous: state, current: row[2] });
          assert.equal(events().at(-1)?.event_type, row[3]);
          assert.equal(events().length, before.events + 1);
        } else {
          assert.throws(move, (error) => isFrostbyteError(error, 'INVALID_STATE_TRANSITION'));
          assert.deepEqual({ row: findTenant(registry, tenantId), events: events().length }, before);
        }
        assert.equal(also, allowed);
      },
    ),
    { numRuns: 300 },
  );
});

test('a move whose further changes fail leaves neither a new state nor an event', async (t) => {
  const clock = manualClock();
  const registry = openRegistry(`${await temporaryFolder(t)}/registry.sqlite`, clock);
  t.after(() => registry.close());
  const tenantId = createTenantRow(registry, clock, ACME, 'frode');
  const also = () => {
    throw new Error('the disk is full');
  };
  assert.throws(() => moveTenant(registry, clock, { tenantId, trigger: 'provision', actor: 'system', also }));
  assert.equal(findTenant(registry, tenantId)?.state, 'PENDING');
  assert.equal(registry.all('SELECT 1 FROM audit_events').length, 1);
});
