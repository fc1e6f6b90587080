import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allSettled, sideBySide } from '../../../appliance/kernel/side-by-side.ts';

describe('work side by side', () => {
  it('takes the items in their order, no more at a time than it was told', async () => {
    const taken: number[] = [];
    let busy = 0;
    let most = 0;
    await sideBySide([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
      taken.push(item);
      most = Math.max(most, ++busy);
      await new Promise(setImmediate);
      busy--;
    });
    assert.deepEqual(taken, [0, 1, 2, 3, 4, 5, 6]);
    assert.equal(most, 3);
  });

  it('is through at once where there is nothing', async () => {
    await sideBySide([], 3, () => assert.fail('there is no item'));
  });

  it('ends the place that failed, lets the others go on, and then throws the failure', async () => {
    const done: number[] = [];
    const work = sideBySide([0, 1, 2, 3, 4], 2, async (item) => {
      await new Promise(setImmediate);
      if (item === 0) throw new Error('the first item');
      done.push(item);
    });
    await assert.rejects(work, /the first item/);
    assert.deepEqual(done, [1, 2, 3, 4]);
  });

  it('takes nothing more where every place failed', async () => {
    const taken: number[] = [];
    const work = sideBySide([0, 1, 2, 3], 2, async (item) => {
      taken.push(item);
      throw new Error(`item ${item}`);
    });
    await assert.rejects(work, /item 0/);
    assert.deepEqual(taken, [0, 1]);
  });

  it('waits for all before it throws', async () => {
    let ended = false;
    const slow = new Promise(setImmediate).then(() => {
      ended = true;
    });
    await assert.rejects(allSettled([Promise.reject(new Error('early')), slow]), /early/);
    assert.equal(ended, true);
  });
});
