import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appliedIn, applyTenants } from '../../../../appliance/control/apply/apply-tenants.ts';
import { parseTenantsFile } from '../../../../appliance/control/apply/tenants-file.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { controlWorld } from '../../../support/control/control-fixture.ts';

const FILE = `version: 1
tenants:
  - tenant_name: Acme Health
    contact_email: dana@acme.example
    config: { pii_policy: block, retention_days: 400 }
  - tenant_id: beta
    tenant_name: Beta
    contact_email: ops@beta.example
    tier: premium
`;

test('a file makes what is missing, changes what differs, and the second time does nothing', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  const file = parseTenantsFile(FILE);
  const outcomes = async () =>
    (await applyTenants(control, file, 'frode')).map(({ tenant_id, outcome }) => [tenant_id, outcome]);
  assert.deepEqual(await outcomes(), [
    ['acmehealth', 'created'],
    ['beta', 'created'],
  ]);
  await control.idle();
  const acme = await control.tenant('acmehealth');
  assert.deepEqual([acme.config.pii_policy, acme.config_version, acme.tier], ['block', 1, 'standard']);
  assert.deepEqual(
    (await outcomes()).map(([, outcome]) => outcome),
    ['unchanged', 'unchanged'],
  );

  await control.configure('acmehealth', { pii_policy: 'flag' }, 'by hand', 'frode');
  assert.deepEqual(await applyTenants(control, file, 'frode'), [
    { tenant_id: 'acmehealth', outcome: 'configured', fields: ['pii_policy'] },
    { tenant_id: 'beta', outcome: 'unchanged', fields: [] },
  ]);
  assert.equal((await control.tenant('acmehealth')).config.pii_policy, 'block');
});

test('a dry run says what would be done and does nothing', async (t) => {
  const { control } = await controlWorld(t);
  const applied = await applyTenants(control, parseTenantsFile(FILE), 'frode', { dryRun: true });
  assert.deepEqual(
    applied.map(({ outcome }) => outcome),
    ['created', 'created'],
  );
  assert.equal((await control.tenants({ page: 1, limit: 20 })).total, 0);
});

test('what no verb changes is reported, and a tenant that takes no changes is left alone', async (t) => {
  const { control } = await controlWorld(t);
  await control.start();
  await applyTenants(control, parseTenantsFile(FILE), 'frode');
  await control.idle();
  const renamed = parseTenantsFile(FILE.replace('tenant_name: Beta', 'tenant_name: Beta Group'));
  assert.deepEqual((await applyTenants(control, renamed, 'frode'))[1], {
    tenant_id: 'beta',
    outcome: 'differs',
    fields: ['tenant_name'],
  });
  await control.suspend('acmehealth', { reason: 'breach', notify_tenant: false }, 'frode');
  const changed = parseTenantsFile(FILE.replace('block', 'flag'));
  assert.deepEqual((await applyTenants(control, changed, 'frode'))[0], {
    tenant_id: 'acmehealth',
    outcome: 'not_active',
    fields: ['pii_policy'],
  });
});

test('a declared tenant that failed, or that is deleted, is not as declared, however its configuration reads', async (t) => {
  let isBroken = true;
  const { control } = await controlWorld(t, {
    before: (verb) => {
      if (isBroken && verb === 'records.make') throw new FrostbyteError('STORE_UNAVAILABLE', 'The database is away.');
    },
  });
  await control.start();
  const file = parseTenantsFile(FILE);
  const outcomes = async () => (await applyTenants(control, file, 'frode')).map(({ outcome }) => outcome);
  assert.deepEqual(await outcomes(), ['created', 'created']);
  await control.idle();
  assert.equal((await control.tenant('acmehealth')).state, 'FAILED');
  assert.deepEqual(await applyTenants(control, file, 'frode'), [
    { tenant_id: 'acmehealth', outcome: 'not_there', fields: ['state'] },
    { tenant_id: 'beta', outcome: 'not_there', fields: ['state'] },
  ]);
  assert.equal(appliedIn('FAILED', { tenant_id: 'acmehealth', outcome: 'created', fields: [] }).outcome, 'not_there');

  isBroken = false;
  for (const id of ['acmehealth', 'beta']) await control.retry(id, 'frode');
  await control.idle();
  assert.deepEqual(await outcomes(), ['unchanged', 'unchanged']);
  const deletion = { reason: 'contract ended', confirm: true, confirm_tenant_id: 'beta' } as const;
  await control.deprovision('beta', deletion, 'frode');
  await control.idle();
  assert.deepEqual(await outcomes(), ['unchanged', 'not_there']);
});

test('every problem of a file is reported at once with its place', () => {
  const wrong = `version: 1
tenants:
  - tenant_name: Acme
    contact_email: nobody
    colour: red
  - tenant_name: Acme
    contact_email: a@b.example
    config: { max_batch_size: 0 }
`;
  assert.throws(
    () => parseTenantsFile(wrong),
    (error: { code: string; details: { field: string }[] }) => {
      assert.deepEqual(
        [error.code, error.details.map(({ field }) => field).sort()],
        ['VALIDATION_ERROR', ['tenants.0.colour', 'tenants.0.contact_email', 'tenants.1.config.max_batch_size']],
      );
      return true;
    },
  );
});

test('a tenant declared twice, keys given twice, aliases and broken YAML are refused', () => {
  const twice = FILE.replace('tenant_id: beta', 'tenant_id: acmehealth');
  const files = [
    twice,
    'version: 1\nversion: 1\ntenants: []',
    'version: 1\ntenants: &a []\nmore: *a',
    'version: [',
    'version: 2\ntenants: []',
    '',
  ];
  for (const text of files) assert.throws(() => parseTenantsFile(text), { code: 'VALIDATION_ERROR' }, text);
});
