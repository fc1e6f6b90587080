import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnTaker } from '../../../appliance/kernel/take-turns.ts';

test('long work lets others run, short work does not wait', async () => {
  let others = 0;
  const greedy = turnTaker(0);
  setImmediate(() => (others += 1));
  await greedy();
  assert.equal(others, 1);
  assert.equal(turnTaker(60_000)(), undefined);
});
