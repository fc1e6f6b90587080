import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, atMost, missedBounds } from '../../bench/bounds.ts';

test('a bound that is met says so, and one that is not is remembered, with what it was', () => {
  assert.equal(atMost('the seam', 0.4, 1), 'bound: at most 1');
  assert.equal(atLeast('the speed', 1.6, 1.6), 'bound: at least 1.6');
  assert.deepEqual(missedBounds(), []);
  assert.equal(atMost('the seam', 1.23456, 1), 'bound: at most 1, NOT MET');
  assert.equal(atLeast('the speed', Number.NaN, 1.6), 'bound: at least 1.6, NOT MET');
  assert.deepEqual(missedBounds(), [
    'the seam is 1.235, and must be at most 1',
    'the speed is NaN, and must be at least 1.6',
  ]);
});
