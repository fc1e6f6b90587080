import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkIsolation } from '../../../../appliance/control/isolation/check-isolation.ts';
import { type IsolationSchedule, isolationSchedule } from '../../../../appliance/control/isolation/schedule.ts';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { type ControlWorld, controlWorld, makeTenant, silentLogger } from '../../../support/control/control-fixture.ts';
import { folderResources } from '../../../support/control/folder-resources.ts';

const HOUR = 3_600_000;

interface Scheduled {
  world: ControlWorld;
  schedule: IsolationSchedule;
  /** Tenants in the order they were checked. */
  checked: string[];
  /** What the log was told. */
  told: string[];
  /** What the next checks do instead. */
  trouble: { error?: FrostbyteError; isOpen?: boolean; isSilent?: boolean };
}

/** A schedule of every 24 hours over the tenants of a control, whose own checks were those of their provisioning. */
async function scheduled(t: TestContext, names: readonly string[]): Promise<Scheduled> {
  const world = await controlWorld(t);
  await world.control.start();
  for (const tenant_name of names) await makeTenant(world.control, { tenant_name });
  const registry = openRegistry(controlPaths(world.folder).registry, world.clock);
  t.after(() => registry.close());
  const resources = folderResources(world.folder);
  const [checked, told, trouble] = [[] as string[], [] as string[], {} as Scheduled['trouble']];
  const schedule = isolationSchedule({
    registry,
    clock: world.clock,
    logger: { ...silentLogger, warn: (text) => told.push(text), error: (text) => told.push(text) },
    everyMs: 24 * HOUR,
    async check(tenantId) {
      checked.push(tenantId);
      if (trouble.error) throw trouble.error;
      const isolation: typeof resources.isolation = async (id, targets) => {
        const found = await resources.isolation(id, targets);
        if (trouble.isSilent) return [...found, { ...found.at(-1)!, test: 'write', result: 'SKIPPED', reason: 'busy' }];
        return trouble.isOpen ? found.map((one) => (one.target === id ? one : { ...one, result: 'ALLOWED' })) : found;
      };
      return checkIsolation(
        { registry, clock: world.clock, resources: { ...resources, isolation } },
        tenantId,
        'system',
      );
    },
  });
  return { world, schedule, checked, told, trouble };
}

test('each tenant is checked a day after its last check, one at a time, who waited longest first', async (t) => {
  const { world, schedule, checked } = await scheduled(t, ['Acme', 'Beta']);
  assert.equal(schedule.next(), null, 'provisioning has checked both');
  world.clock.advance(23 * HOUR);
  await world.control.verify('acme', 'frode');
  world.clock.advance(2 * HOUR);
  const check = schedule.next();
  assert.equal(schedule.next(), null, 'one at a time');
  await check;
  assert.deepEqual(checked, ['beta']);
  assert.equal(schedule.next(), null, 'somebody asked for the other one since');
  world.clock.advance(24 * HOUR);
  for (let n = 0; n < 2; n++) await schedule.next();
  assert.equal(schedule.next(), null);
  assert.deepEqual(checked, ['beta', 'acme', 'beta']);
});

test('a tenant that is stopped is not checked', async (t) => {
  const { world, schedule, checked } = await scheduled(t, ['Acme', 'Beta']);
  await world.control.suspend('acme', { reason: 'breach', notify_tenant: false }, 'frode');
  world.clock.advance(25 * HOUR);
  while (schedule.next() !== null) await Promise.resolve();
  assert.deepEqual(checked, ['beta']);
});

test('what is ALLOWED is an error in the log, and red in health until a check passes', async (t) => {
  const { world, schedule, told, trouble } = await scheduled(t, ['Acme']);
  world.clock.advance(25 * HOUR);
  trouble.isOpen = true;
  await schedule.next();
  assert.deepEqual(told, ['the isolation check failed']);
  const { isolation } = await world.control.tenant('acme');
  assert.equal(isolation?.overall_pass, false);
  const health = async () => (await world.control.health()).find(({ name }) => name === 'isolation');
  assert.equal((await health())?.ok, false);
  await world.control.verify('acme', 'frode');
  assert.equal((await health())?.ok, true);
});

test('a check that could not be made is tried again, but not at once, and does not hold up the others', async (t) => {
  const { world, schedule, checked, told, trouble } = await scheduled(t, ['Acme', 'Beta']);
  world.clock.advance(25 * HOUR);
  trouble.error = new FrostbyteError('SERVICE_UNAVAILABLE', 'The database does not answer.');
  await schedule.next();
  delete trouble.error;
  await schedule.next();
  assert.equal(schedule.next(), null);
  assert.deepEqual([checked, told], [['acme', 'beta'], ['isolation could not be checked']]);
  world.clock.advance(HOUR / 2);
  await schedule.next();
  assert.deepEqual(checked, ['acme', 'beta', 'acme']);
});

test('a check that a store gave no answer to is kept and red, and made again sooner, each time later', async (t) => {
  const { world, schedule, checked, trouble } = await scheduled(t, ['Acme']);
  const health = async () => (await world.control.health()).find(({ name }) => name === 'isolation')?.ok;
  world.clock.advance(25 * HOUR);
  trouble.isSilent = true;
  await schedule.next();
  assert.deepEqual([await health(), (await world.control.tenant('acme')).isolation?.overall_pass], [false, false]);
  for (const hours of [1 / 4, 1 / 2]) {
    world.clock.advance(hours * HOUR - 1);
    assert.equal(schedule.next(), null);
    world.clock.advance(1);
    await schedule.next();
  }
  delete trouble.isSilent;
  world.clock.advance(HOUR);
  await schedule.next();
  assert.deepEqual([checked.length, await health(), schedule.next()], [4, true, null]);
});

test('a check that should have been made and was not is red too, until it is made; at a start it has its time', async (t) => {
  const { world, checked } = await scheduled(t, ['Acme', 'Beta']);
  const control = await world.again({ isolationHours: 24 });
  const stands = async () => {
    const one = (await control.health()).find(({ name }) => name === 'isolation');
    return [
      one?.ok,
      (await control.tenant('acme')).isolation?.overdue,
      (await control.tenant('beta')).isolation?.overdue,
    ];
  };
  world.clock.advance(HOUR * 24);
  assert.deepEqual(await stands(), [true, false, false], 'due, and not late');
  world.clock.advance(HOUR);
  const about = (await control.health()).find(({ name }) => name === 'isolation');
  assert.match(about?.message ?? '', /of 2 tenant\(s\) is overdue/);
  await control.verify('beta', 'frode');
  assert.deepEqual(await stands(), [false, true, false]);
  const started = await world.again({ isolationHours: 24 });
  assert.equal((await started.tenant('acme')).isolation?.overdue, false, 'nobody could have made it');
  await control.verify('acme', 'frode');
  assert.deepEqual([...(await stands()), checked], [true, false, false, []]);
});
