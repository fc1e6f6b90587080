import assert from 'node:assert/strict';
import { it } from 'node:test';
import { evidenceOf } from '../../../../appliance/data/6-serve/evidence.ts';

for (const [scores, expected] of [
  [[], 'none'],
  [[0.49, 0.5], 'strong'],
  [[0.499], 'partial'],
  [[0.3], 'partial'],
  [[0.299, 0.1], 'none'],
  [[0], 'none'],
] as const) {
  it(`scores [${scores}] at a threshold of .5 are ${expected} evidence`, () => {
    assert.equal(evidenceOf(scores, 0.5), expected);
  });
}
