import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bucketOf } from '../../../../../appliance/models/embedder/graph/relative-buckets.ts';

describe('buckets of relative positions', () => {
  it('gives near keys a bucket each, behind the query in the upper half', () => {
    assert.deepEqual([0, -1, -7, 1, 7].map(bucketOf), [0, 1, 7, 17, 23]);
  });

  it('widens them by half an octave from eight on, and stops at fifteen', () => {
    const first = new Map<number, number>();
    for (let far = 0; far < 600; far++) if (!first.has(bucketOf(-far))) first.set(bucketOf(-far), far);
    // 8 · 2^(k/2), rounded up: borders that are whole numbers belong to the farther bucket.
    assert.deepEqual([...first].slice(8), [
      [8, 8],
      [9, 12],
      [10, 16],
      [11, 23],
      [12, 32],
      [13, 46],
      [14, 64],
      [15, 91],
    ]);
    for (let far = 1; far < 600; far++) assert.equal(bucketOf(far), bucketOf(-far) + 16);
  });
});
