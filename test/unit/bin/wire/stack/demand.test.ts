import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandBetween, demandOf } from '../../../../../appliance/bin/wire/stack/demand.ts';

test('what was asked for is what threads ran and waited more, and all of those that began', () => {
  const before = new Map([
    ['1', 100],
    ['2', 50],
    ['3', 7],
  ]);
  const now = new Map([
    ['1', 150],
    ['2', 50],
    ['4', 30],
  ]);
  assert.equal(demandBetween(before, now), 80);
  // The id of one that is gone was given again.
  assert.equal(demandBetween(new Map([['1', 100]]), new Map([['1', 5]])), 0);
});

test('a process that is not there asks for nothing', async () => {
  assert.equal((await demandOf(2 ** 22 + 1)).size, 0);
});
