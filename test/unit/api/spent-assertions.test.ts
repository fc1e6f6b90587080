import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spentAssertions } from '../../../appliance/api/spent-assertions.ts';

test('each counts once for as long as it may live, and is forgotten after that', () => {
  let now = 0;
  const spent = spentAssertions(1000, () => now);
  assert.equal(spent.spend('a'), true);
  for (now = 0; now <= 1000; now += 100) assert.equal(spent.spend('a'), false, `${now} ms`);
  assert.equal(spent.spend('b'), true);
  now = 1900;
  assert.equal(spent.spend('b'), false);
  now = 5000;
  assert.equal(spent.spend('a'), true, 'what ran out long ago is not kept');
});

test('one without a name never counts', () => {
  assert.equal(spentAssertions(1000).spend(undefined), false);
});
