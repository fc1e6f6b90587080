import assert from 'node:assert/strict';
import { it } from 'node:test';
import { releaseDead } from '../../../appliance/data/dead-workers.ts';
import { WORK_STAGES } from '../../../appliance/kernel/pipeline.ts';
import { smallPlane } from '../../support/faults/small-plane.ts';

it('the jobs of dead workers are given back, those of the living are left to them', async () => {
  const { plane, receive, end } = await smallPlane();
  try {
    await receive('batch', ['one', 'two', 'three']);
    await plane.queue.add(await plane.records.outbox(10));
    for (const name of ['pool-a', 'pool-b', 'extra-c']) await plane.queue.claim(WORK_STAGES, name, 60_000);
    assert.equal(await plane.queue.claim(WORK_STAGES, 'pool-d', 60_000), null);
    assert.equal(await releaseDead(plane, (worker) => worker === 'pool-a'), 1);
    assert.deepEqual((await plane.queue.holders()).toSorted(), ['extra-c', 'pool-b']);
    assert.equal((await plane.queue.claim(WORK_STAGES, 'pool-d', 60_000))?.deliveries, 2);
    assert.equal(await releaseDead(plane, () => false), 0);
  } finally {
    await end();
  }
});
