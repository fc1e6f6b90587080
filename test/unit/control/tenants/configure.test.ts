import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT_CONFIG } from '../../../../appliance/api/tenant-config.ts';
import { ACME, controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';

test('a change makes a version, names each field with both values, and writes one event a field', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const update = await control.configure(tenant, { pii_policy: 'block', retention_days: 400 }, 'new contract', 'frode');
  assert.deepEqual([update.previous_config_version, update.config_version], [1, 2]);
  const common = { changed_by: 'frode', reason: 'new contract' };
  assert.deepEqual(update.changes, [
    { field: 'pii_policy', old_value: 'redact', new_value: 'block', ...common },
    { field: 'retention_days', old_value: 2555, new_value: 400, ...common },
  ]);
  assert.deepEqual(update.config, { ...DEFAULT_TENANT_CONFIG, pii_policy: 'block', retention_days: 400 });
  const gate = await control.gate(tenant);
  assert.deepEqual([gate.config_version, gate.config], [2, update.config]);
  await control.relayNow();
  assert.equal(world.types(tenant).filter((type) => type === 'TENANT_CONFIG_UPDATED').length, 2);
});

test('a patch that changes nothing makes no version and no event', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const update = await control.configure(tenant, { pii_types: ['SSN', 'DOB', 'EMAIL'] }, 'same', 'frode');
  assert.deepEqual([update.config_version, update.changes], [1, []]);
  await control.relayNow();
  assert.equal(world.types(tenant).includes('TENANT_CONFIG_UPDATED'), false);
});

test('every problem is reported at once with field, value and constraint, and nothing changes', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  const patch = { max_batch_size: 0, pii_policy: 'maybe', colour: 'red' } as never;
  await assert.rejects(
    control.configure(tenant, patch, 'try', 'frode'),
    (error: { code: string; details: { field: string; value?: unknown }[] }) => {
      assert.equal(error.code, 'VALIDATION_ERROR');
      assert.deepEqual(error.details.map(({ field }) => field).sort(), ['colour', 'max_batch_size', 'pii_policy']);
      assert.equal(error.details.find(({ field }) => field === 'pii_policy')?.value, 'maybe');
      return true;
    },
  );
  assert.equal((await control.tenant(tenant)).config_version, 1);
});

test('rules between fields hold for the configuration as it would become', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  await assert.rejects(control.configure(tenant, { chunk_soft_limit: 2500 }, 'try', 'frode'), {
    code: 'VALIDATION_ERROR',
    details: [{ field: 'chunk_soft_limit', value: 2500, constraint: 'must not be above chunk_hard_limit' }],
  });
  await control.configure(tenant, { chunk_soft_limit: 2500, chunk_hard_limit: 3000 }, 'both', 'frode');
});

test('a change needs a reason and an active tenant', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  await assert.rejects(control.configure(tenant, { retention_days: 90 }, '  ', 'frode'), { code: 'VALIDATION_ERROR' });
  await control.suspend(tenant, { reason: 'breach', notify_tenant: false }, 'frode');
  await assert.rejects(control.configure(tenant, { retention_days: 90 }, 'why', 'frode'), {
    code: 'INVALID_STATE_TRANSITION',
  });
});

test('a change made by another process is seen by the gate at once', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.gate(tenant);
  const other = await world.again();
  await other.configure(tenant, { retention_days: 90 }, 'why', 'frode');
  assert.equal((await world.control.gate(tenant)).config?.retention_days, 90);
});

test('a tenant is listed by state and page, newest first', async (t) => {
  const { control, clock } = await controlWorld(t);
  for (const name of ['Acme', 'Beta', 'Gamma']) {
    await control.createTenant({ ...ACME, tenant_name: name }, 'frode');
    clock.advance(1000);
  }
  const page = await control.tenants({ page: 2, limit: 2 });
  assert.deepEqual([page.total, page.tenants.map(({ tenant_id }) => tenant_id)], [3, ['acme']]);
  assert.equal((await control.tenants({ state: 'ACTIVE', page: 1, limit: 20 })).total, 0);
  assert.equal((await control.tenants({ state: 'PENDING', page: 1, limit: 20 })).tenants[0]?.tenant_id, 'gamma');
});

test('a request to create is checked field by field, and ids are never reused', async (t) => {
  const { control } = await controlWorld(t);
  await assert.rejects(
    control.createTenant({ ...ACME, contact_email: 'nobody', tier: 'gold' as never }, 'frode'),
    (error: { details: { field: string }[] }) => {
      assert.deepEqual(
        error.details.map(({ field }) => field),
        ['contact_email', 'tier'],
      );
      return true;
    },
  );
  for (const tenant_id of ['Acme', 'a', '../x', 'isolationprobe']) {
    await assert.rejects(control.createTenant({ ...ACME, tenant_id }, 'frode'));
  }
  assert.equal((await control.createTenant(ACME, 'frode')).tenant_id, 'acme');
  assert.equal((await control.createTenant(ACME, 'frode')).tenant_id, 'acme2');
  await assert.rejects(control.createTenant({ ...ACME, tenant_id: 'acme' }, 'frode'), {
    code: 'TENANT_ALREADY_EXISTS',
  });
  await assert.rejects(control.createTenant({ ...ACME, config: { max_batch_size: 0 } }, 'frode'), {
    code: 'VALIDATION_ERROR',
  });
});

test('an unknown tenant has no state at the gate, whatever its name', async (t) => {
  const { control } = await controlWorld(t);
  for (const id of ['nobody', '../../etc', '', '_appliance', 'A'.repeat(9999)]) {
    assert.deepEqual(await control.gate(id), { state: null, config: null, config_version: 0 });
  }
});

test('usage that cannot be had does not hide the tenant', async (t) => {
  const { control } = await controlWorld(t, { usage: async () => Promise.reject(new Error('store is away')) });
  await control.start();
  assert.equal((await control.tenant(await makeTenant(control))).usage.documents_count, 0);
});
