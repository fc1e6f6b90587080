import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { PlaneHandover } from '../../../../appliance/api/plane/handover.ts';
import { keepPlanes } from '../../../../appliance/control/planes/keep-planes.ts';
import type { PlaneHost, RunningPlane } from '../../../../appliance/control/planes/port.ts';
import { silentLogger } from '../../../../appliance/observability/logger.ts';
import { until } from '../../../support/faults/until.ts';

/** A host whose planes start when the test says so, and never answer. */
function host() {
  const starts: { go(): void; isKilled(): boolean }[] = [];
  const plane = (): { running: RunningPlane; isKilled(): boolean } => {
    const over = Promise.withResolvers<void>();
    let alive = true;
    const kill = () => {
      alive = false;
      over.resolve();
    };
    const address = { socket: '/nowhere/s' };
    return { running: { address, ended: over.promise, alive: () => alive, kill }, isKilled: () => !alive };
  };
  const made: PlaneHost = {
    addressFor: async () => ({ socket: '/nowhere/s' }),
    async start() {
      const gate = Promise.withResolvers<void>();
      const { running, isKilled } = plane();
      starts.push({ go: gate.resolve, isKilled });
      await gate.promise;
      return running;
    },
    close: async () => {},
  };
  return { made, starts };
}

function kept(t: TestContext, made: PlaneHost) {
  const planes = keepPlanes({
    host: made,
    key: generateKeyPairSync('ed25519').privateKey,
    wanted: async () => ['acme'],
    handover: async (tenant_id, listen) => ({ tenant_id, listen }) as PlaneHandover,
    greet: async () => {},
    answers: () => ({}) as never,
    drainMs: 10,
    logger: silentLogger,
  });
  t.after(() => planes.close());
  return planes;
}

test('a plane that is stopped while its host still starts it is ended once it was started, and may be kept again', async (t) => {
  const { made, starts } = host();
  const planes = kept(t, made);
  await planes.look();
  await until('the start', () => starts.length === 1);
  const stopped = planes.stop('acme', 60_000);
  starts[0]!.go();
  await stopped;
  assert.equal(starts[0]!.isKilled(), true);
  assert.deepEqual(planes.kept(), []);
  await planes.look();
  await until('another start', () => starts.length === 2);
  starts[1]!.go();
});

test('a plane that runs and does not answer is ended when it is stopped', async (t) => {
  const { made, starts } = host();
  const planes = kept(t, made);
  await planes.look();
  await until('the start', () => starts.length === 1);
  starts[0]!.go();
  await until('it to be kept', () => planes.kept().length === 1);
  await planes.stop('acme', 60_000);
  assert.equal(starts[0]!.isKilled(), true);
});
