import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { attendReindexes } from '../../../../appliance/data/reindex/attend.ts';
import { cancelReindex, startReindex } from '../../../../appliance/data/reindex/start.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { reindexWorld } from '../../../support/reindex-world.ts';

const MODEL = { model: 'turned', reason: 'finds by meaning' };

/** A worker's attendant on a world whose embedder is in trouble, and a clock that goes when it is told. */
async function troubled(t: TestContext) {
  const world = await reindexWorld(t);
  await world.index('a', ['red apples']);
  const { reindex_id } = await startReindex(world.plane, MODEL, 'usr_admin');
  let [now, tries] = [1000, 0];
  t.mock.method(performance, 'now', () => now);
  world.turned.before = () => {
    tries += 1;
    throw new FrostbyteError('EMBEDDER_UNAVAILABLE', 'A file is not the locked one.');
  };
  const attendant = attendReindexes({
    worker: 'w1',
    planes: async () => [world.plane],
    isStopped: () => false,
    hold: () => undefined,
    onTrouble: (_plane, error) => assert.fail(String(error)),
    onEnd: () => undefined,
  });
  return {
    ...world,
    reindex_id,
    tries: () => tries,
    /** Looks every half second for so long. */
    async pass(ms: number) {
      for (const end = now + ms; now < end; now += 500) {
        await attendant.look();
        await attendant.settled();
      }
    },
  };
}

test('a reindex that meets trouble is tried more and more seldom, and goes on within a minute when it is over', async (t) => {
  const world = await troubled(t);
  await world.pass(10_000);
  assert.ok(world.tries() >= 3 && world.tries() <= 5, `${world.tries()} tries in ten seconds`);
  const before = world.tries();
  await world.pass(600_000);
  assert.ok(world.tries() - before <= 14, `${world.tries() - before} tries in ten minutes`);
  world.turned.before = () => undefined;
  await world.pass(61_000);
  assert.equal((await world.plane.records.reindex(world.reindex_id))?.status, 'switched');
});

test('one that is cancelled while it rests is emptied at once', async (t) => {
  const world = await troubled(t);
  await world.pass(300_000);
  await cancelReindex(world.plane, world.reindex_id, { by: 'usr_admin', error_code: null });
  await world.pass(1000);
  assert.notEqual((await world.plane.records.reindex(world.reindex_id))?.dropped_at, null);
});
