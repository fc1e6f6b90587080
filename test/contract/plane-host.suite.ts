import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it, type TestContext } from 'node:test';
import type { PlaneAddress, PlaneHandover } from '../../appliance/api/plane/handover.ts';
import type { PlaneHost, RunningPlane } from '../../appliance/control/planes/port.ts';
import { until } from '../support/faults/until.ts';

/** What the suite needs of an adapter. */
export interface PlaneHostWorld {
  host: PlaneHost;
  /** Two tenants that may have planes, and have none. */
  tenants: readonly [string, string];
  /** What the stand-in for a plane at this address answers (test/support/stand-in-plane.mjs); null where nobody does. */
  ask(address: PlaneAddress, path: string): Promise<Self | null>;
  /** What anybody on the machine may see of a plane: arguments, environment, what lists show. */
  shown(tenantId: string, self: Self): string;
}

export interface Self {
  pid: number;
  args: string[];
  environment: Record<string, string>;
  handover: PlaneHandover & { secret: string };
}

/** What runs data planes: started with what they are handed, and ended, whatever they do. */
export function planeHostSuite(open: (t: TestContext) => Promise<PlaneHostWorld>): void {
  it('a plane gets what it is handed, at its address, and nobody else sees it', async (t) => {
    const world = await open(t);
    const [tenantId] = world.tenants;
    const { plane, handover, self } = await started(world, tenantId);
    assert.equal(plane.alive(), true);
    assert.deepEqual(plane.address, handover.listen);
    assert.deepEqual(self.handover, handover);
    assert.ok(!world.shown(tenantId, self).includes(handover.secret));
    assert.ok(!JSON.stringify([self.args, self.environment]).includes(handover.secret));
  });

  it('each tenant has its own, with its own handover', async (t) => {
    const world = await open(t);
    const [one, other] = world.tenants;
    const first = await started(world, one);
    const second = await started(world, other);
    assert.notDeepEqual(first.plane.address, second.plane.address);
    assert.equal((await world.ask(first.plane.address, '/self'))?.handover.secret, first.handover.secret);
    assert.equal((await world.ask(second.plane.address, '/self'))?.handover.secret, second.handover.secret);
    first.plane.kill();
    await first.plane.ended;
    assert.equal(second.plane.alive(), true);
    assert.ok(await world.ask(second.plane.address, '/self'));
  });

  it('one that is killed has ended, and answers nobody', async (t) => {
    const world = await open(t);
    const { plane } = await started(world, world.tenants[0]);
    plane.kill();
    plane.kill();
    await plane.ended;
    assert.equal(plane.alive(), false);
    assert.equal(await world.ask(plane.address, '/self'), null);
    plane.kill();
  });

  it('one that hangs is killed too', async (t) => {
    const world = await open(t);
    const { plane } = await started(world, world.tenants[0]);
    await world.ask(plane.address, '/hang');
    plane.kill();
    await plane.ended;
    assert.equal(plane.alive(), false);
  });

  it('that one ended by itself is noticed, and another with another handover takes its place', async (t) => {
    const world = await open(t);
    const { plane } = await started(world, world.tenants[0]);
    await world.ask(plane.address, '/exit');
    await plane.ended;
    assert.equal(plane.alive(), false);
    const again = await started(world, world.tenants[0]);
    assert.equal(again.self.handover.secret, again.handover.secret);
  });

  it('closing ends all that it started', async (t) => {
    const world = await open(t);
    const planes = [await started(world, world.tenants[0]), await started(world, world.tenants[1])];
    await world.host.close();
    for (const { plane } of planes) {
      assert.equal(await world.ask(plane.address, '/self'), null);
      assert.equal(plane.alive(), false);
    }
  });
}

/** Starts a stand-in with a secret of its own, and waits until it answers. */
export async function started(
  { host, ask }: Pick<PlaneHostWorld, 'host' | 'ask'>,
  tenantId: string,
): Promise<{ plane: RunningPlane; handover: Self['handover']; self: Self }> {
  const secret = randomBytes(32).toString('hex');
  // The stand-in reads no more of it than this.
  const handover = {
    tenant_id: tenantId,
    listen: await host.addressFor(tenantId),
    secret,
  } as unknown as Self['handover'];
  const plane = await host.start(handover);
  const self = await until('an answer of the plane', () => ask(plane.address, '/self'), { seconds: 60, everyMs: 50 });
  return { plane, handover, self };
}
