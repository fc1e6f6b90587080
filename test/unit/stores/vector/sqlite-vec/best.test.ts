import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Best } from '../../../../../appliance/stores/vector/sqlite-vec/best.ts';

it('keeps the largest scores whatever the order they come in', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 })), fc.integer({ min: 1, max: 20 }), (scores, size) => {
      const best = new Best(size);
      for (const [item, score] of scores.entries()) best.offer(score, item);
      const kept = best.items().map((item) => scores[item]!);
      const expected = scores.toSorted((a, b) => b - a).slice(0, size);
      assert.deepEqual(
        kept.toSorted((a, b) => b - a),
        expected,
      );
      assert.equal(new Set(best.items()).size, expected.length);
    }),
  );
});
