import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseFacts } from '../../../../scripts/bundle/release-facts.ts';
import { release } from '../../../../scripts/images/build.ts';

const facts = (counters: Record<string, number>) =>
  JSON.stringify({ counters, upgrade_from: null, requirements: { cpus: 2 } });

test('the release of this tree has a counter above all before it', () => {
  assert.ok(releaseFacts(release()).counter >= 1);
});

test('a release without a counter, with one that another has, or behind another, is not built', () => {
  assert.deepEqual(releaseFacts('1.1.0', facts({ '1.0.0': 4, '1.1.0': 7 })).counter, 7);
  assert.throws(() => releaseFacts('1.2.0', facts({ '1.0.0': 4, '1.1.0': 7 })), /no counter for 1\.2\.0: give it 8/);
  assert.throws(() => releaseFacts('1.1.0', facts({ '1.0.0': 4, '1.1.0': 4 })), /1\.1\.0 is not above 4/);
  assert.throws(() => releaseFacts('1.0.0', facts({ '1.0.0': 4, '1.1.0': 7 })), /1\.0\.0 is not the newest/);
});
