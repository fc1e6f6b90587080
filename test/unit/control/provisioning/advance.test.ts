import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stepNames } from '../../../../appliance/control/provisioning/sequences.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { ACME, controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';
import { folderResources } from '../../../support/control/folder-resources.ts';

const made = (folder: string, tenant: string): string[] =>
  existsSync(join(folder, 'made', tenant)) ? readdirSync(join(folder, 'made', tenant)) : [];

const CONFIRMED = (tenant: string) => ({ reason: 'contract ended', confirm: true, confirm_tenant_id: tenant });

test('a new tenant becomes ACTIVE with a sub-event for each step', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  const view = await world.control.tenant(tenant);
  assert.equal(view.state, 'ACTIVE');
  assert.deepEqual(
    view.provisioning.steps.map(({ step, status }) => [step, status]),
    ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue', 'registry', 'health', 'isolation'].map((step) => [
      step,
      'done',
    ]),
  );
  assert.match(view.age_public_key ?? '', /^age1/);
  assert.equal(view.key_version, 1);
  assert.equal(Date.parse(view.key_rotation_due_at ?? '') - Date.parse(view.key_rotated_at ?? ''), 90 * 86_400_000);
  await world.control.relayNow();
  const types = world.types(tenant);
  assert.deepEqual(types.slice(0, 2), ['TENANT_CREATED', 'TENANT_PROVISION_STARTED']);
  assert.equal(types.filter((type) => type === 'TENANT_PROVISION_STEP').length, stepNames('provisioning', {}).length);
  assert.equal(types.at(-1), 'TENANT_PROVISIONED');
  assert.ok(types.includes('ISOLATION_VERIFIED'));
});

test('a step that fails once is tried again', async (t) => {
  let failures = 1;
  const world = await controlWorld(t, {
    before: (call) => {
      if (call === 'vectors.made' && failures-- > 0) throw new FrostbyteError('STORE_UNAVAILABLE', 'not now');
    },
  });
  await world.control.start();
  assert.equal((await world.control.tenant(await makeTenant(world.control))).state, 'ACTIVE');
});

for (const step of stepNames('provisioning', {}).slice(0, 6)) {
  test(`a plan that fails at ${step} undoes all that was made, last first, and says so`, async (t) => {
    const undone: string[] = [];
    const world = await controlWorld(t, {
      before: (call) => {
        if (call.endsWith('.destroy')) undone.push(call.split('.')[0] ?? '');
        if (call === `${step}.made`) throw new FrostbyteError('DISK_FULL', 'no space');
      },
    });
    await world.control.start();
    const tenant = await makeTenant(world.control);
    const view = await world.control.tenant(tenant);
    assert.deepEqual([view.state, view.failed_during], ['FAILED', 'provisioning']);
    assert.deepEqual(made(world.folder, tenant), []);
    const order = ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'];
    assert.deepEqual(undone, order.slice(0, order.indexOf(step) + 1).reverse());
    assert.equal(view.provisioning.steps.find((row) => row.step === step)?.error_code, 'DISK_FULL');
    await world.control.relayNow();
    const { event_type, details } = world.logs.get(tenant)?.entries.at(-1)?.event ?? assert.fail();
    assert.deepEqual(
      [event_type, details.step, details.error_code, details.remains],
      ['TENANT_PROVISION_FAILED', step, 'DISK_FULL', []],
    );
  });
}

test('what cannot be undone is named as what remains, and the rest is undone all the same', async (t) => {
  const world = await controlWorld(t, {
    before: (call) => {
      if (call === 'queue.made' || call === 'records.destroy') throw new Error('stuck');
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  assert.deepEqual(made(world.folder, tenant), ['records']);
  await world.control.relayNow();
  const details = world.logs.get(tenant)?.entries.at(-1)?.event.details;
  assert.deepEqual(details?.remains, ['records']);
  assert.equal(details?.error_code, 'INTERNAL_ERROR');
});

test('an isolation check that does not pass fails the plan without another try', async (t) => {
  let checks = 0;
  const world = await controlWorld(t);
  const resources = folderResources(world.folder);
  const open = await world.again({
    resources: {
      ...resources,
      isolation: async (tenant) => {
        checks += 1;
        return [
          { store: 'objects', test: 'own access', target: tenant, result: 'OK' },
          { store: 'objects', test: 'read', target: 'isolationprobe', result: 'ALLOWED' },
        ];
      },
    },
  });
  await open.start();
  const tenant = await makeTenant(open);
  assert.deepEqual([(await open.tenant(tenant)).state, checks], ['FAILED', 1]);
  assert.deepEqual(made(world.folder, tenant), []);
});

for (const [what, denied, outcome] of [
  ['once', 1, ['ACTIVE', 2, 'done', undefined]],
  ['again and again', 9, ['FAILED', 3, 'undone', 'STORE_UNAVAILABLE']],
] as const) {
  test(`an isolation check that does not come to the tenant’s own things ${what} is tried again`, async (t) => {
    let checks = 0;
    const world = await controlWorld(t);
    const control = await world.again({
      resources: {
        ...folderResources(world.folder),
        isolation: async (tenant) => {
          checks += 1;
          return [
            { store: 'objects', test: 'own access', target: tenant, result: checks > denied ? 'OK' : 'DENIED' },
            { store: 'records', test: 'own access', target: tenant, result: 'OK' },
            { store: 'objects', test: 'read', target: 'isolationprobe', result: 'DENIED' },
          ];
        },
      },
    });
    await control.start();
    const { state, provisioning } = await control.tenant(await makeTenant(control));
    const step = provisioning.steps.find((row) => row.step === 'isolation');
    assert.deepEqual([state, checks, step?.status, step?.error_code], outcome);
  });
}

test('a door that gives no answer is a store that does not answer, tried again and named', async (t) => {
  let checks = 0;
  const world = await controlWorld(t);
  const resources = folderResources(world.folder);
  const control = await world.again({
    resources: {
      ...resources,
      isolation: async (tenant, targets) => {
        checks += 1;
        const found = await resources.isolation(tenant, targets);
        if (checks > 1) return found;
        const about = { store: 'objects', test: 'write', target: 'isolationprobe' };
        return [...found, { ...about, result: 'SKIPPED', reason: 'no answer in time' }];
      },
    },
  });
  await control.start();
  const { state } = await control.tenant(await makeTenant(control));
  assert.deepEqual([state, checks], ['ACTIVE', 2]);
});

test('an open door fails the plan at once, also where an own one is shut', async (t) => {
  let checks = 0;
  const world = await controlWorld(t);
  const control = await world.again({
    resources: {
      ...folderResources(world.folder),
      isolation: async (tenant) => {
        checks += 1;
        return [
          { store: 'objects', test: 'own access', target: tenant, result: 'DENIED' },
          { store: 'records', test: 'read', target: 'isolationprobe', result: 'ALLOWED' },
        ];
      },
    },
  });
  await control.start();
  const { state, provisioning } = await control.tenant(await makeTenant(control));
  const step = provisioning.steps.find((row) => row.step === 'isolation');
  assert.deepEqual([state, checks, step?.error_code], ['FAILED', 1, 'ISOLATION_VIOLATED']);
});

test('a failed tenant can be retried, and then becomes ACTIVE', async (t) => {
  let broken = true;
  const world = await controlWorld(t, {
    before: (call) => {
      if (call === 'objects.make' && broken) throw new Error('broken');
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  broken = false;
  const change = await world.control.retry(tenant, 'frode');
  assert.deepEqual([change.previous_state, change.current_state], ['FAILED', 'PROVISIONING']);
  await world.control.idle();
  const view = await world.control.tenant(tenant);
  assert.deepEqual([view.state, view.failed_during], ['ACTIVE', undefined]);
});

test('a failed tenant can be abandoned: it ends DEPROVISIONED with nothing left', async (t) => {
  const world = await controlWorld(t, {
    before: (call) => {
      if (call === 'objects.make') throw new Error('broken');
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.abandon(tenant, 'frode');
  await world.control.idle();
  assert.equal((await world.control.tenant(tenant)).state, 'DEPROVISIONED');
  assert.deepEqual(made(world.folder, tenant), []);
});

test('deprovisioning must be confirmed twice', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  for (const wrong of [{ confirm: false }, { confirm_tenant_id: 'other' }]) {
    await assert.rejects(world.control.deprovision(tenant, { ...CONFIRMED(tenant), ...wrong }, 'frode'), {
      code: 'CONFIRMATION_MISMATCH',
    });
  }
  assert.equal((await world.control.tenant(tenant)).state, 'ACTIVE');
});

test('a tenant under a hold is not deleted', async (t) => {
  const world = await controlWorld(t);
  await world.control.start();
  const tenant = await makeTenant(world.control);
  const targets = [
    { scope: 'tenant' },
    { scope: 'batch', resource_id: 'b-1' },
    { scope: 'document', resource_id: 'doc_1111111111111111' },
  ] as const;
  for (const target of targets) {
    const { resource_id } = await world.control.setHold(tenant, target, 'matter 7', 'frode');
    await assert.rejects(world.control.deprovision(tenant, CONFIRMED(tenant), 'frode'), {
      code: 'INVALID_STATE_TRANSITION',
      details: [{ field: 'hold', value: `${target.scope} ${resource_id}`, constraint: 'blocks the deletion' }],
    });
    await world.control.liftHold(tenant, target, 'matter 7 is closed', 'frode');
  }
  assert.equal((await world.control.tenant(tenant)).state, 'ACTIVE');
  await world.control.deprovision(tenant, CONFIRMED(tenant), 'frode');
  await assert.rejects(world.control.setHold(tenant, { scope: 'tenant' }, 'too late', 'frode'), {
    code: 'INVALID_STATE_TRANSITION',
  });
});

test('a deprovisioned tenant has nothing left but its log, its id stays taken, its tokens are dead', async (t) => {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const { token } = await control.issueToken({ subject: 'dana', role: 'tenant_user', tenant_id: tenant }, 'frode');
  const change = await control.deprovision(tenant, CONFIRMED(tenant), 'frode');
  assert.equal(change.current_state, 'DEPROVISIONING');
  await assert.rejects(control.authenticate(token), { code: 'TOKEN_REVOKED' });
  await control.idle();
  const view = await control.tenant(tenant);
  assert.deepEqual([view.state, view.age_public_key], ['DEPROVISIONED', null]);
  assert.deepEqual(made(world.folder, tenant), []);
  await assert.rejects(control.createTenant({ ...ACME, tenant_id: tenant }, 'frode'), {
    code: 'TENANT_ALREADY_EXISTS',
  });
  await control.relayNow();
  assert.ok((await (await control.auditLog(tenant)).size()) > 10);
  assert.equal(world.types(tenant).at(-1), 'TENANT_DEPROVISIONED');
});

test('keys are destroyed after everything they open, and the order of deletion is that of the specification', async (t) => {
  const destroyed: string[] = [];
  const world = await controlWorld(t, {
    before: (call) => {
      if (call.endsWith('.destroy') || call === 'stop') destroyed.push(call);
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.deprovision(tenant, CONFIRMED(tenant), 'frode');
  await world.control.idle();
  assert.deepEqual(destroyed, [
    'stop',
    'vectors.destroy',
    'records.destroy',
    'objects.destroy',
    'queue.destroy',
    'credentials.destroy',
    'keys.destroy',
    // Once more, in case something was opened again before the keys were gone.
    'vectors.destroy',
    'records.destroy',
    'objects.destroy',
    'queue.destroy',
  ]);
});

test('a deletion that fails is FAILED with its step and what remains; abandon takes it up where it stopped', async (t) => {
  let broken = true;
  const calls: string[] = [];
  const world = await controlWorld(t, {
    before: (call) => {
      calls.push(call);
      if (call === 'objects.destroy' && broken) throw new FrostbyteError('STORE_UNAVAILABLE', 'not now');
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.deprovision(tenant, CONFIRMED(tenant), 'frode');
  await world.control.idle();
  const failed = await world.control.tenant(tenant);
  assert.deepEqual([failed.state, failed.failed_during], ['FAILED', 'deprovisioning']);
  await world.control.relayNow();
  const details = world.logs.get(tenant)?.entries.at(-1)?.event.details;
  assert.deepEqual(
    [details?.step, details?.error_code, details?.remains],
    ['objects', 'STORE_UNAVAILABLE', ['objects', 'queue', 'credentials', 'keys', 'leftovers', 'references']],
  );
  await assert.rejects(world.control.retry(tenant, 'frode'), { code: 'INVALID_STATE_TRANSITION' });

  broken = false;
  calls.length = 0;
  await world.control.abandon(tenant, 'frode');
  await world.control.idle();
  assert.equal((await world.control.tenant(tenant)).state, 'DEPROVISIONED');
  assert.equal(calls[0], 'objects.destroy');
});

test('a store that somebody opened again during the deletion is gone in the end', async (t) => {
  const world = await controlWorld(t, {
    before: (call, tenant) => {
      if (call === 'keys.destroy') writeFileSync(join(world.folder, 'made', tenant, 'records'), 'again');
    },
  });
  await world.control.start();
  const tenant = await makeTenant(world.control);
  await world.control.deprovision(tenant, CONFIRMED(tenant), 'frode');
  await world.control.idle();
  assert.equal((await world.control.tenant(tenant)).state, 'DEPROVISIONED');
  assert.deepEqual(made(world.folder, tenant), []);
});

test('a deletion that claims success but leaves something does not pass its check', async (t) => {
  const world = await controlWorld(t);
  const resources = folderResources(world.folder);
  const lying = await world.again({
    resources: { ...resources, vectors: { ...resources.vectors, destroy: async () => undefined } },
  });
  await lying.start();
  const tenant = await makeTenant(lying);
  await lying.deprovision(tenant, CONFIRMED(tenant), 'frode');
  await lying.idle();
  assert.equal((await lying.tenant(tenant)).failed_during, 'deprovisioning');
});

test('a process that was not started leaves the plan to the one that was', async (t) => {
  const world = await controlWorld(t);
  const { tenant_id } = await world.control.createTenant(ACME, 'frode');
  await world.control.idle();
  assert.equal((await world.control.tenant(tenant_id)).state, 'PENDING');
  const daemon = await world.again();
  await daemon.start();
  await daemon.idle();
  assert.equal((await daemon.tenant(tenant_id)).state, 'ACTIVE');
});

test('a stop in the middle of a plan leaves it to the next start, which goes on where it was', async (t) => {
  const calls: string[] = [];
  const world = await controlWorld(t, { before: (call) => void calls.push(call) });
  const first = await world.again({
    resources: folderResources(world.folder, (call) => {
      if (call === 'records.make') stopping = first.stop();
    }),
  });
  let stopping: Promise<void> | undefined;
  await first.start();
  const { tenant_id } = await first.createTenant(ACME, 'frode');
  await first.idle();
  await stopping;
  await world.control.start();
  await world.control.idle();
  assert.equal((await world.control.tenant(tenant_id)).state, 'ACTIVE');
  assert.equal(calls.includes('keys.make'), false);
});
