import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { DEFAULT_TENANT_CONFIG, type TenantConfigPatch } from '../../../../appliance/api/tenant-config.ts';
import { applyTenants } from '../../../../appliance/control/apply/apply-tenants.ts';
import { parseTenantsFile } from '../../../../appliance/control/apply/tenants-file.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';

const schema = (schema_version: string, ...names: string[]) => ({
  schema_version,
  fields: names.map((name) => ({ name, type: 'string' as const, required: false })),
});

test('a schema is set with the configuration, versioned with it, and told by hash alone', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const secret = {
    ...schema('1.0', 'matter'),
    fields: [
      { name: 'client', type: 'string', required: true, description: 'zqcanary', validation: { enum: ['zqcanary'] } },
    ],
  };
  const update = await control.configure(tenant, { custom_fields: secret } as TenantConfigPatch, 'new terms', 'frode');
  assert.deepEqual([update.previous_config_version, update.config_version], [1, 2]);
  assert.deepEqual(
    update.changes.map(({ field, old_value, new_value }) => [field, old_value, new_value]),
    [['custom_fields', null, secret]],
  );
  assert.deepEqual((await control.gate(tenant)).config?.custom_fields, secret);
  await control.relayNow();
  const told = world.logs
    .get(tenant)!
    .entries.map(({ event }) => event)
    .filter(({ event_type }) => event_type === 'TENANT_CONFIG_UPDATED');
  const { field, new_value } = told[0]!.details as unknown as { field: string; new_value: Record<string, unknown> };
  assert.equal(field, 'custom_fields');
  assert.deepEqual([new_value.schema_version, new_value.fields], ['1.0', 1]);
  assert.match(String(new_value.sha256), /^[0-9a-f]{64}$/);
  assert.equal(JSON.stringify(told).includes('zqcanary'), false);
});

test('a changed schema carries a larger version than the last one, also across a time without any', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  const set = (custom_fields: TenantConfigPatch['custom_fields']) =>
    control.configure(tenant, { custom_fields }, 'change', 'frode');
  await set(schema('1.9', 'a'));
  for (const version of ['1.9', '1.8', '0.10', '1.09']) {
    await assert.rejects(set(schema(version, 'a', 'b')), {
      code: 'VALIDATION_ERROR',
      details: [
        {
          field: 'custom_fields.schema_version',
          value: version,
          constraint: 'must be larger than 1.9, the version of the last schema',
        },
      ],
    });
  }
  assert.equal((await control.tenant(tenant)).config_version, 2);
  assert.equal((await set(schema('1.9', 'a'))).changes.length, 0, 'the same schema is no change');
  await set(schema('1.10', 'a', 'b'));
  await set(null);
  await assert.rejects(set(schema('1.10', 'c')), { code: 'VALIDATION_ERROR' });
  await set(schema('1.10', 'a', 'b'));
  await set(schema('2.0', 'c'));
  assert.equal((await control.tenant(tenant)).config.custom_fields?.schema_version, '2.0');
  await control.configure(tenant, { retention_days: 90 }, 'other', 'frode');
});

test('mistakes in a schema are told with those in other fields, and nothing changes', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const tenant = await makeTenant(control);
  const patch = {
    retention_days: 1,
    custom_fields: {
      schema_version: '1',
      fields: [
        { name: 'a b', type: 'string' },
        { name: 'a', type: 'number', validation: { pattern: '(a' } },
      ],
    },
  } as never;
  await assert.rejects(
    control.configure(tenant, patch, 'try', 'frode'),
    (error: { code: string; details: { field: string }[] }) => {
      assert.equal(error.code, 'VALIDATION_ERROR');
      assert.deepEqual([...new Set(error.details.map(({ field }) => field))].sort(), [
        'custom_fields.fields.0.name',
        'custom_fields.fields.1.validation.pattern',
        'custom_fields.schema_version',
        'retention_days',
      ]);
      return true;
    },
  );
  assert.equal((await control.tenant(tenant)).config_version, 1);
});

test('a tenants file declares a schema; the second time it does nothing', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const file = (version: string) =>
    parseTenantsFile(`version: 1
tenants:
  - tenant_name: Acme
    contact_email: dana@acme.example
    config:
      custom_fields:
        fields:
          - { validation: { max: 9, min: 1 }, type: string, name: matter }
        schema_version: "${version}"
`);
  const outcome = async (version: string) => (await applyTenants(control, file(version), 'frode'))[0];
  assert.equal((await outcome('1.0'))?.outcome, 'created');
  await control.idle();
  assert.equal((await control.tenant('acme')).config.custom_fields?.fields[0]?.required, false);
  assert.equal((await outcome('1.0'))?.outcome, 'unchanged');
  assert.deepEqual(await outcome('1.1'), { tenant_id: 'acme', outcome: 'configured', fields: ['custom_fields'] });
  assert.equal((await outcome('1.1'))?.outcome, 'unchanged');
});

test('configurations from before there were custom fields are read as having none', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  const { custom_fields: _, ...older } = DEFAULT_TENANT_CONFIG;
  const registry = new Database(controlPaths(world.folder).registry);
  registry.prepare('UPDATE tenant_configs SET config = ?').run(JSON.stringify(older));
  registry.close();
  const control = await world.again();
  assert.equal((await control.gate(tenant)).config?.custom_fields, null);
  assert.deepEqual((await control.tenant(tenant)).config, DEFAULT_TENANT_CONFIG);
  const update = await control.configure(tenant, { retention_days: 90 }, 'why', 'frode');
  assert.deepEqual(
    update.changes.map(({ field }) => field),
    ['retention_days'],
  );
});
