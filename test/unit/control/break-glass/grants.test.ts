import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { type ControlWorld, controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';

const MINUTE = 60_000;
const BY = { method: 'POST', route: '/query/{tenant_id}/search' };

async function withTenant(t: Parameters<typeof controlWorld>[0], changes = {}) {
  const world = await controlWorld(t, changes);
  await world.control.start();
  return { ...world, tenant: await makeTenant(world.control) };
}

/** The details of a type's events in a tenant's log, in order. */
async function told(world: ControlWorld, tenant: string, type: string) {
  await world.control.relayNow();
  return (world.logs.get(tenant)?.entries ?? [])
    .filter(({ event }) => event.event_type === type)
    .map(({ event }) => event);
}

function inFile<T>(folder: string, work: (db: Database.Database) => T): T {
  const db = new Database(controlPaths(folder).registry);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

test('a grant is for one subject, one tenant and fifteen minutes, and the tenant is told who, why and until when', async (t) => {
  const world = await withTenant(t);
  const { control, clock, tenant } = world;
  const other = await makeTenant(control, { tenant_name: 'Globex' });
  const opened_at = clock.iso();
  const grant = await control.openBreakGlass(tenant, { reason: ' ticket 4711 ' }, 'frode');
  assert.deepEqual(
    { ...grant, grant_id: '' },
    {
      grant_id: '',
      tenant_id: tenant,
      subject: 'frode',
      role: 'admin',
      reason: 'ticket 4711',
      opened_at,
      expires_at: new Date(clock.now() + 15 * MINUTE).toISOString(),
      state: 'open',
      closed_at: null,
      closed_by: null,
    },
  );
  assert.equal((await control.breakGlassStanding(tenant, 'frode')).grant?.grant_id, grant.grant_id);
  assert.equal((await control.breakGlassStanding(tenant, 'eve')).grant, null);
  assert.equal((await control.breakGlassStanding(other, 'frode')).grant, null);
  const [event, ...more] = await told(world, tenant, 'BREAK_GLASS_OPENED');
  assert.deepEqual(more, []);
  assert.equal(event!.actor, 'frode');
  const { reason, grant_id, expires_at } = event!.details;
  assert.deepEqual([reason, grant_id, expires_at], ['ticket 4711', grant.grant_id, grant.expires_at]);
  const [notice] = await control.notices(tenant);
  assert.deepEqual(
    [notice!.kind, notice!.actor, notice!.role, notice!.reason, notice!.until, notice!.grant_id, notice!.created_at],
    ['break_glass', 'frode', 'admin', 'ticket 4711', grant.expires_at, grant.grant_id, opened_at],
  );
  assert.deepEqual(await control.notices(other), []);
});

test('looks that name the same reason share one opening; another reason is another', async (t) => {
  const world = await withTenant(t);
  const { control, clock, tenant } = world;
  const look = (reason: string, who = 'frode') => control.openBreakGlass(tenant, { reason, by: BY }, who);
  const first = await look('ticket 1');
  clock.advance(MINUTE);
  assert.equal((await look('ticket 1')).grant_id, first.grant_id);
  assert.notEqual((await look('ticket 2')).grant_id, first.grant_id);
  assert.notEqual((await look('ticket 1', 'eve')).grant_id, first.grant_id);
  clock.advance(14 * MINUTE);
  assert.notEqual((await look('ticket 1')).grant_id, first.grant_id, 'the first one is over');
  const opened = await told(world, tenant, 'BREAK_GLASS_OPENED');
  assert.deepEqual(
    opened.map(({ actor, details }) => [actor, details.reason, details.method, details.route]),
    [
      ['frode', 'ticket 1', 'POST', BY.route],
      ['frode', 'ticket 2', 'POST', BY.route],
      ['eve', 'ticket 1', 'POST', BY.route],
      ['frode', 'ticket 1', 'POST', BY.route],
    ],
  );
  assert.equal((await control.noticesOf(tenant, { limit: 10 })).total, 4);
});

test('a grant is over to the millisecond, and what was over once stays over', async (t) => {
  const world = await withTenant(t);
  const { control, clock, tenant } = world;
  const { expires_at } = await control.openBreakGlass(tenant, { reason: 'r', minutes: 3 }, 'frode');
  clock.advance(3 * MINUTE - 1);
  assert.notEqual((await control.breakGlassStanding(tenant, 'frode')).grant, null);
  clock.advance(1);
  assert.deepEqual(await control.breakGlassStanding(tenant, 'frode'), { grant: null, ended_at: expires_at });
  clock.advance(-2 * MINUTE);
  assert.equal((await control.breakGlassStanding(tenant, 'frode')).grant, null, 'whatever the clock does afterwards');
  const { grants } = await control.breakGlassGrants(tenant, { limit: 10 });
  assert.deepEqual(
    grants.map(({ state, closed_at, closed_by }) => [state, closed_at, closed_by]),
    [['expired', null, null]],
  );
});

test('a clock from before the opening opens nothing', async (t) => {
  const { control, clock, tenant } = await withTenant(t);
  await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  clock.advance(-1);
  assert.equal((await control.breakGlassStanding(tenant, 'frode')).grant, null);
});

test('another process on the folder, and a restart, know the same grants', async (t) => {
  const { control, clock, tenant, again } = await withTenant(t);
  const grant = await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  await control.stop();
  const next = await again();
  assert.equal((await next.breakGlassStanding(tenant, 'frode')).grant?.grant_id, grant.grant_id);
  clock.advance(15 * MINUTE);
  assert.equal((await next.breakGlassStanding(tenant, 'frode')).grant, null);
});

for (const [what, site, minutes, accepted] of [
  ['one minute', 60, 1, true],
  ['the most there is', 60, 60, true],
  ['more than the most', 60, 61, false],
  ['no time', 60, 0, false],
  ['less than no time', 60, -5, false],
  ['a part of a minute', 60, 1.5, false],
  ['more than the site allows', 10, 11, false],
  ['as much as the site allows', 10, 10, true],
] as const) {
  test(`${what} (${minutes} of ${site}) is ${accepted ? 'granted' : 'refused'}`, async (t) => {
    const { control, clock, tenant } = await withTenant(t, { breakGlassMinutes: site });
    const asked = control.openBreakGlass(tenant, { reason: 'r', minutes }, 'frode');
    if (!accepted) {
      await assert.rejects(asked, { code: 'VALIDATION_ERROR', message: new RegExp(`1 to ${site} minutes`) });
      assert.equal((await control.breakGlassGrants(tenant, { limit: 1 })).total, 0);
    } else assert.equal(Date.parse((await asked).expires_at) - clock.now(), minutes * MINUTE);
  });
}

test('a site that allows less than the default has less as its default, and none allows more than an hour', async (t) => {
  const short = await withTenant(t, { breakGlassMinutes: 5 });
  const { expires_at } = await short.control.openBreakGlass(short.tenant, { reason: 'r' }, 'frode');
  assert.equal(Date.parse(expires_at) - short.clock.now(), 5 * MINUTE);
  const long = await withTenant(t, { breakGlassMinutes: 600 });
  await assert.rejects(long.control.openBreakGlass(long.tenant, { reason: 'r', minutes: 61 }, 'frode'), {
    code: 'VALIDATION_ERROR',
  });
});

test('a reason is needed, in one line', async (t) => {
  const { control, tenant } = await withTenant(t);
  for (const reason of ['', '  ', 'two\nlines', 'x'.repeat(501)])
    await assert.rejects(control.openBreakGlass(tenant, { reason }, 'frode'), { code: 'VALIDATION_ERROR' });
  assert.deepEqual(await control.notices(tenant), []);
});

test('anybody’s grant can be closed before its time, once, and that is told', async (t) => {
  const world = await withTenant(t);
  const { control, clock, tenant } = world;
  const other = await makeTenant(control, { tenant_name: 'Globex' });
  const { grant_id, expires_at } = await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  await assert.rejects(control.closeBreakGlass(other, grant_id, 'eve'), { code: 'RESOURCE_NOT_FOUND' });
  clock.advance(MINUTE);
  const closed = await control.closeBreakGlass(tenant, grant_id, 'eve');
  assert.deepEqual([closed.state, closed.closed_by, closed.closed_at], ['closed', 'eve', clock.iso()]);
  const [notice] = await control.notices(tenant);
  assert.deepEqual([notice!.grant_id, notice!.until], [grant_id, clock.iso()], 'the tenant is told when it ended');
  assert.deepEqual(await control.breakGlassStanding(tenant, 'frode'), { grant: null, ended_at: clock.iso() });
  await assert.rejects(control.closeBreakGlass(tenant, grant_id, 'eve'), { code: 'INVALID_STATE_TRANSITION' });
  const [event, ...more] = await told(world, tenant, 'BREAK_GLASS_CLOSED');
  assert.deepEqual([event!.actor, event!.details.grant_id, event!.details.expires_at], ['eve', grant_id, expires_at]);
  assert.deepEqual(more, []);
  const late = await control.openBreakGlass(tenant, { reason: 'r', minutes: 1 }, 'frode');
  clock.advance(MINUTE);
  await assert.rejects(control.closeBreakGlass(tenant, late.grant_id, 'eve'), { code: 'INVALID_STATE_TRANSITION' });
});

test('a stopped tenant is looked at by nobody, and its grants do not come back with it', async (t) => {
  const world = await withTenant(t);
  const { control, tenant } = world;
  await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  await control.suspend(tenant, { reason: 'breach', notify_tenant: true }, 'eve');
  await assert.rejects(control.openBreakGlass(tenant, { reason: 'r' }, 'frode'), { code: 'TENANT_SUSPENDED' });
  await control.resume(tenant, { reason: 'cleared' }, 'eve');
  assert.equal((await control.breakGlassStanding(tenant, 'frode')).grant, null);
  assert.deepEqual(
    (await told(world, tenant, 'BREAK_GLASS_CLOSED')).map(({ actor }) => actor),
    ['eve'],
  );
  await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  await control.deprovision(tenant, { reason: 'r', confirm: true, confirm_tenant_id: tenant }, 'eve');
  assert.equal((await control.breakGlassStanding(tenant, 'frode')).grant, null);
  await assert.rejects(control.openBreakGlass(tenant, { reason: 'r' }, 'frode'), { code: 'INVALID_STATE_TRANSITION' });
  await assert.rejects(control.openBreakGlass('nobody', { reason: 'r' }, 'frode'), { code: 'RESOURCE_NOT_FOUND' });
});

test('grant, notice and event are there together or not at all', async (t) => {
  const { control, tenant, folder } = await withTenant(t);
  for (const table of ['audit_events', 'notices', 'break_glass_grants']) {
    inFile(folder, (db) =>
      db.exec(`CREATE TRIGGER full BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'no room'); END`),
    );
    const events = () => inFile(folder, (db) => db.prepare('SELECT count(*) FROM audit_events').pluck().get());
    const before = events();
    await assert.rejects(control.openBreakGlass(tenant, { reason: 'r' }, 'frode'));
    inFile(folder, (db) => db.exec('DROP TRIGGER full'));
    assert.equal((await control.breakGlassGrants(tenant, { limit: 1 })).total, 0, table);
    assert.deepEqual(await control.notices(tenant), [], table);
    assert.equal(events(), before, table);
  }
});

test('a grant in the file can be ended and nothing else', async (t) => {
  const { control, tenant, folder } = await withTenant(t);
  const { grant_id } = await control.openBreakGlass(tenant, { reason: 'r' }, 'frode');
  for (const change of [
    "expires_at = '2099-01-01T00:00:00.000Z'",
    "subject = 'eve', closed_at = opened_at",
    "reason = 'a better one'",
    "closed_at = '2099-01-01T00:00:00.000Z'",
    'closed_at = NULL',
  ])
    assert.throws(
      () => inFile(folder, (db) => db.exec(`UPDATE break_glass_grants SET ${change}`)),
      /only ends/,
      change,
    );
  assert.throws(() => inFile(folder, (db) => db.exec('DELETE FROM break_glass_grants')), /stays/);
  await control.closeBreakGlass(tenant, grant_id, 'frode');
  assert.throws(() => inFile(folder, (db) => db.exec('UPDATE break_glass_grants SET closed_at = NULL')), /only ends/);
});

test('grants are listed newest first, page by page, each in its state', async (t) => {
  const { control, clock, tenant } = await withTenant(t);
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    ids.push((await control.openBreakGlass(tenant, { reason: `r${n}`, minutes: n + 1 }, 'frode')).grant_id);
  }
  await control.closeBreakGlass(tenant, ids[4]!, 'eve');
  clock.advance(2 * MINUTE);
  const seen: [string, string][] = [];
  for (let after: string | undefined; ; ) {
    const { grants, total } = await control.breakGlassGrants(tenant, { limit: 2, ...(after ? { after } : {}) });
    assert.equal(total, 5);
    seen.push(...grants.map(({ grant_id, state }): [string, string] => [grant_id, state]));
    after = grants.at(-1)?.grant_id;
    if (grants.length < 2) break;
  }
  assert.deepEqual(seen, [
    [ids[4], 'closed'],
    [ids[3], 'open'],
    [ids[2], 'open'],
    [ids[1], 'expired'],
    [ids[0], 'expired'],
  ]);
  const second = await control.breakGlassGrants(tenant, { limit: 2, offset: 2 });
  assert.deepEqual(
    second.grants.map(({ grant_id }) => grant_id),
    [ids[2], ids[1]],
  );
});
