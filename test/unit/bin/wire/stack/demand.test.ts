import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandBetween, demandOf } from '../../../../../appliance/bin/wire/stack/demand.ts';

test('what was asked for is what threads ran and waited more, and all of those that began', () => {
  const before = new Map([
    ['1', { got: 60, asked: 100 }],
    ['2', { got: 50, asked: 50 }],
    ['3', { got: 7, asked: 7 }],
  ]);
  const now = new Map([
    ['1', { got: 70, asked: 150 }],
    ['2', { got: 50, asked: 50 }],
    ['4', { got: 20, asked: 30 }],
  ]);
  assert.deepEqual(demandBetween(before, now), { got: 30, asked: 80 });
  // The id of one that is gone was given again.
  const again = new Map([['1', { got: 5, asked: 5 }]]);
  assert.deepEqual(demandBetween(before, again), { got: 0, asked: 0 });
});

test('a process that is not there asks for nothing', async () => {
  assert.equal((await demandOf(2 ** 22 + 1)).size, 0);
});
