import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { MIGRATIONS } from '../../../appliance/control/migrations/sqlite.gen.ts';
import { pageOfNotices } from '../../../appliance/control/registry/notices.ts';
import { openRegistry } from '../../../appliance/control/registry/open.ts';
import { controlPaths } from '../../../appliance/kernel/names.ts';
import { openSqlite } from '../../../appliance/stores/sqlite/open.ts';
import { controlWorld, makeTenant, temporaryFolder } from '../../support/control/control-fixture.ts';
import { manualClock } from '../../support/manual-clock.ts';

test('a suspension is told with who and why, and is over with the resume', async (t) => {
  const { control, tenant } = await withTenant(t);
  await control.suspend(tenant, { reason: 'breach', notify_tenant: true }, 'frode');
  const [notice] = await control.notices(tenant);
  assert.deepEqual([notice!.kind, notice!.actor, notice!.reason], ['suspended', 'frode', 'breach']);
  await control.resume(tenant, { reason: 'cleared' }, 'frode');
  assert.deepEqual(await control.notices(tenant), [], 'nothing to show any more');
  const { notices } = await control.noticesOf(tenant, { limit: 10 });
  assert.equal(notices[0]!.kind, 'suspended');
  assert.notEqual(notices[0]!.withdrawn_at, null, 'but it is known that it was');
});

test('a resume withdraws suspensions and nothing else', async (t) => {
  const { control, tenant } = await withTenant(t);
  await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  await control.suspend(tenant, { reason: 'breach', notify_tenant: true }, 'frode');
  await control.resume(tenant, { reason: 'cleared' }, 'frode');
  assert.deepEqual(
    (await control.notices(tenant)).map(({ kind }) => kind),
    ['break_glass'],
  );
});

test('acknowledging is done once: the first reader stays, and one event tells of it', async (t) => {
  const world = await withTenant(t);
  const { control, clock, tenant } = world;
  const other = await makeTenant(control, { tenant_name: 'Globex' });
  await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  const { notice_id } = (await control.notices(tenant))[0]!;
  await assert.rejects(control.acknowledgeNotice(other, notice_id, 'gus'), { code: 'RESOURCE_NOT_FOUND' });
  const read = await control.acknowledgeNotice(tenant, notice_id, 'dana');
  const at = clock.iso();
  clock.advance(1000);
  const again = await control.acknowledgeNotice(tenant, notice_id, 'gus');
  for (const answer of [read, again]) assert.deepEqual([answer.acknowledged_by, answer.acknowledged_at], ['dana', at]);
  assert.deepEqual(await control.notices(tenant), []);
  await control.relayNow();
  const told = world.logs.get(tenant)!.entries.filter(({ event }) => event.event_type === 'NOTICE_ACKNOWLEDGED');
  assert.deepEqual(
    told.map(({ event }) => [event.actor, event.details.notice_id, event.details.kind]),
    [['dana', notice_id, 'break_glass']],
  );
});

test('notices are listed newest first, page by page, all or the unread ones', async (t) => {
  const { control, tenant } = await withTenant(t);
  for (let n = 0; n < 5; n++) await control.openBreakGlass(tenant, { reason: `r${n}` }, 'frode');
  const all = (await control.noticesOf(tenant, { limit: 10 })).notices;
  assert.deepEqual(
    all.map(({ reason }) => reason),
    ['r4', 'r3', 'r2', 'r1', 'r0'],
  );
  await control.acknowledgeNotice(tenant, all[1]!.notice_id, 'dana');
  const first = await control.noticesOf(tenant, { limit: 2, unread: true });
  assert.deepEqual([first.total, first.notices.map(({ reason }) => reason)], [4, ['r4', 'r2']]);
  const after = first.notices[1]!.notice_id;
  const next = await control.noticesOf(tenant, { limit: 2, unread: true, after });
  assert.deepEqual(
    next.notices.map(({ reason }) => reason),
    ['r1', 'r0'],
  );
  assert.equal((await control.noticesOf(tenant, { limit: 2, offset: 4 })).notices[0]!.reason, 'r0');
});

test('notices of before break-glass are kept, in order, with ids of their time', async (t) => {
  const folder = await temporaryFolder(t);
  const clock = manualClock();
  const file = controlPaths(folder).registry;
  mkdirSync(dirname(file), { recursive: true });
  const old = openSqlite(file, { migrations: MIGRATIONS.slice(0, 1), appliedAt: clock.iso() });
  const tenant = `INSERT INTO tenants (tenant_id, tenant_name, contact_email, tier, state, created_at, config_version)
    VALUES (?, 'Acme', 'a@b.example', 'standard', 'ACTIVE', ?, 1)`;
  for (const id of ['acme', 'globex']) old.run(tenant, [id, clock.iso()]);
  const times = ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z', '2026-02-03T00:00:00.001Z'];
  for (const [at, time] of times.entries()) {
    old.run(
      "INSERT INTO tenant_notices (tenant_id, kind, created_at, withdrawn_at) VALUES ('acme', 'suspended', ?, ?)",
      [time, at === 0 ? time : null],
    );
  }
  old.run("INSERT INTO tenant_notices (tenant_id, kind, created_at) VALUES ('globex', 'suspended', ?)", [times[0]!]);
  old.close();
  const registry = openRegistry(file, clock);
  t.after(() => registry.close());
  const { rows, total } = pageOfNotices(registry, 'acme', { limit: 10 });
  assert.equal(total, 3);
  assert.deepEqual(
    rows.map(({ created_at, withdrawn_at, actor }) => [created_at, withdrawn_at, actor]),
    [
      [times[2], null, null],
      [times[1], null, null],
      [times[0], times[0], null],
    ],
  );
  for (const { notice_id, created_at } of rows) {
    assert.match(notice_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(notice_id.replaceAll('-', '').slice(0, 12), 16), Date.parse(created_at));
  }
});

async function withTenant(t: Parameters<typeof controlWorld>[0]) {
  const world = await controlWorld(t);
  await world.control.start();
  return { ...world, tenant: await makeTenant(world.control) };
}
