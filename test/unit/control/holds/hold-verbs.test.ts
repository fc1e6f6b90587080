import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { ControlOptions } from '../../../../appliance/control/create-control.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';
import { folderResources } from '../../../support/control/folder-resources.ts';

const DOC = 'doc_1111111111111111';
const BATCH = { scope: 'batch', resource_id: 'b-1' } as const;
const DOCUMENT = { scope: 'document', resource_id: DOC } as const;
const TENANT = { scope: 'tenant' } as const;

/** A control whose tenants' stores answer `presence` as given. */
async function withPresence(t: Parameters<typeof controlWorld>[0], presence: ControlOptions['resources']['presence']) {
  const world = await controlWorld(t);
  const control = await world.again({ resources: { ...folderResources(world.folder), presence } });
  await control.start();
  return { ...world, control, tenant: await makeTenant(control) };
}

test('a hold of each scope keeps what it covers until it is lifted, and each change is told with its reason', async (t) => {
  const world = await controlWorld(t);
  const { control, clock } = world;
  await control.start();
  const tenant = await makeTenant(control);
  const on = (doc: string, ...batches: string[]) => control.holdsOn(tenant, doc, batches);
  assert.deepEqual(await on(DOC, 'b-1'), []);
  const hold = await control.setHold(tenant, BATCH, ' matter 7 ', 'frode');
  await control.setHold(tenant, DOCUMENT, 'matter 8', 'frode');
  assert.deepEqual([hold.scope, hold.resource_id, hold.reason, hold.set_by], ['batch', 'b-1', 'matter 7', 'frode']);
  assert.deepEqual(await on(DOC, 'b-1', 'b-2'), ['batch', 'document']);
  assert.deepEqual(await on('doc_2222222222222222', 'b-2', 'b-1'), ['batch'], 'a duplicate of a held batch is held');
  assert.deepEqual(await on('doc_2222222222222222', 'b-2'), []);
  await control.setHold(tenant, TENANT, 'all of it', 'frode');
  assert.deepEqual(await on('doc_2222222222222222', 'b-2'), ['tenant']);

  clock.advance(1000);
  const lifted = await control.liftHold(tenant, BATCH, 'closed', 'ella');
  assert.deepEqual(
    [lifted.hold_id, lifted.lifted_by, lifted.lifted_at, lifted.lift_reason],
    [hold.hold_id, 'ella', clock.iso(), 'closed'],
  );
  assert.deepEqual(await on(DOC, 'b-1'), ['document', 'tenant']);
  await control.relayNow();
  const told = world.logs
    .get(tenant)!
    .entries.map(({ event }) => event)
    .filter(({ event_type }) => event_type.startsWith('HOLD_'))
    .map(({ event_type, actor, resource_type, resource_id, details }) => {
      const { hold_id, scope, reason } = details;
      return [event_type, actor, resource_type, resource_id, scope, reason, typeof hold_id];
    });
  assert.deepEqual(told, [
    ['HOLD_SET', 'frode', 'batch', 'b-1', 'batch', 'matter 7', 'string'],
    ['HOLD_SET', 'frode', 'document', DOC, 'document', 'matter 8', 'string'],
    ['HOLD_SET', 'frode', 'tenant', tenant, 'tenant', 'all of it', 'string'],
    ['HOLD_LIFTED', 'ella', 'batch', 'b-1', 'batch', 'closed', 'string'],
  ]);
});

test('a hold on what is not there is refused, and nothing of it stays', async (t) => {
  const { control, tenant } = await withPresence(t, async (_tenant, kind) => (kind === 'batch' ? 'missing' : 'going'));
  await assert.rejects(control.setHold(tenant, BATCH, 'r', 'frode'), {
    code: 'RESOURCE_NOT_FOUND',
    details: [{ field: 'resource_id', value: 'b-1', constraint: 'the id of a batch that is there' }],
  });
  await assert.rejects(control.setHold(tenant, DOCUMENT, 'r', 'frode'), { code: 'INVALID_STATE_TRANSITION' });
  assert.deepEqual(await control.holdsOn(tenant, DOC, ['b-1']), []);
  assert.equal((await control.holds(tenant, { status: 'all', limit: 9, offset: 0 })).total, 0);
});

test('a hold keeps already while it is being set, and one that a dead daemon was setting is gone', async (t) => {
  let asked: Promise<string[]> | undefined;
  const world = await withPresence(t, async () => {
    asked = world.control.holdsOn(world.tenant, DOC, ['b-1']);
    await assert.rejects(world.control.liftHold(world.tenant, BATCH, 'r', 'x'), { code: 'RESOURCE_NOT_FOUND' });
    throw new Error('the store is away');
  });
  await assert.rejects(world.control.setHold(world.tenant, BATCH, 'r', 'frode'), /away/);
  assert.deepEqual(await asked, ['batch'], 'an erasure that asks now is kept from it');
  assert.deepEqual(await world.control.holdsOn(world.tenant, DOC, ['b-1']), []);

  const never = await world.again({
    resources: { ...folderResources(world.folder), presence: () => new Promise(() => undefined) },
  });
  void never.setHold(world.tenant, BATCH, 'r', 'frode');
  assert.deepEqual(await world.control.holdsOn(world.tenant, DOC, ['b-1']), ['batch']);
  const next = await world.again();
  await next.start();
  assert.deepEqual(await next.holdsOn(world.tenant, DOC, ['b-1']), []);
});

test('a hold that is in force is not set twice, and one that is not there is not lifted', async (t) => {
  const { control, tenant } = await withPresence(t, async () => 'there');
  const { hold_id } = await control.setHold(tenant, DOCUMENT, 'r', 'frode');
  await assert.rejects(control.setHold(tenant, DOCUMENT, 'r', 'frode'), {
    code: 'INVALID_STATE_TRANSITION',
    details: [{ field: 'hold_id', value: hold_id, constraint: 'is in force' }],
  });
  await assert.rejects(control.liftHold(tenant, BATCH, 'r', 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  await control.liftHold(tenant, DOCUMENT, 'r', 'frode');
  await assert.rejects(control.liftHold(tenant, DOCUMENT, 'r', 'frode'), { code: 'RESOURCE_NOT_FOUND' });
  assert.notEqual((await control.setHold(tenant, DOCUMENT, 'again', 'frode')).hold_id, hold_id);
  for (const wrong of [
    { scope: 'batch' },
    { scope: 'document', resource_id: 'b-1' },
    { scope: 'tenant', resource_id: 'x' },
  ] as const) {
    await assert.rejects(control.setHold(tenant, wrong, 'r', 'frode'), { code: 'VALIDATION_ERROR' });
  }
  await assert.rejects(control.setHold(tenant, TENANT, ' ', 'frode'), { code: 'VALIDATION_ERROR' });
  await assert.rejects(control.setHold('nobody', TENANT, 'r', 'frode'), { code: 'RESOURCE_NOT_FOUND' });
});

test('holds are set and lifted on a suspended tenant, and listed newest first', async (t) => {
  const { control, tenant, folder, again } = await withPresence(t, async () => 'there');
  await control.suspend(tenant, { reason: 'r', notify_tenant: false }, 'frode');
  const ids: string[] = [];
  for (const n of [1, 2, 3]) {
    const target = { scope: 'batch', resource_id: `b-${n}` } as const;
    ids.unshift((await control.setHold(tenant, target, 'r', 'frode')).hold_id);
  }
  await control.liftHold(tenant, { scope: 'batch', resource_id: 'b-2' }, 'r', 'frode');
  const list = async (query: Parameters<typeof control.holds>[1]) =>
    (await control.holds(tenant, query)).holds.map(({ hold_id }) => hold_id);
  assert.deepEqual(await list({ status: 'all', limit: 9, offset: 0 }), ids);
  assert.deepEqual(await list({ status: 'in_force', limit: 9, offset: 0 }), [ids[0], ids[2]]);
  assert.deepEqual(await list({ status: 'lifted', limit: 9, offset: 0 }), [ids[1]]);
  assert.deepEqual(await list({ status: 'all', limit: 1, offset: 1 }), [ids[1]]);
  assert.deepEqual(await list({ status: 'all', limit: 9, offset: 0, after: ids[0]! }), ids.slice(1));
  const totals = (of: typeof control) =>
    Promise.all(
      (['all', 'in_force', 'lifted'] as const).map(
        async (status) => (await of.holds(tenant, { status, limit: 1, offset: 0 })).total,
      ),
    );
  assert.deepEqual(await totals(control), [3, 2, 1]);

  // A registry of before the totals has them when it is opened.
  await control.stop();
  const old = new Database(controlPaths(folder).registry);
  for (const name of ['confirmed', 'made', 'lifted']) old.exec(`DROP TRIGGER total_hold_${name}`);
  old.exec("DROP TABLE hold_totals; DELETE FROM schema_migrations WHERE name LIKE '%hold-totals'");
  old.close();
  assert.deepEqual(await totals(await again()), [3, 2, 1]);
});
