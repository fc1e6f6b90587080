import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packByLength } from '../../../../../appliance/models/embedder/onnx/pack.ts';
import { random } from '../../../../../bench/support.ts';

const widthOf = (batch: readonly number[], lengths: readonly number[]) => Math.max(...batch.map((i) => lengths[i]!));

describe('packing by length', () => {
  it('puts every place into one batch, no batch over the budget but what is alone in it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2048 })), fc.integer({ min: 1, max: 1024 }), (lengths, most) => {
        const batches = packByLength(lengths, most);
        assert.deepEqual(
          batches.flat().sort((a, b) => a - b),
          lengths.map((_, i) => i),
        );
        for (const batch of batches) {
          assert.ok(batch.length === 1 || batch.length * widthOf(batch, lengths) <= most);
        }
      }),
    );
  });

  it('pads next to nothing where lengths differ much', () => {
    const next = random(11);
    const lengths = Array.from({ length: 64 }, () => 8 + Math.floor(next() ** 2 * 376));
    const padded = packByLength(lengths).reduce((sum, batch) => sum + batch.length * widthOf(batch, lengths), 0);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    assert.ok(padded / tokens < 1.12, String(padded / tokens));
    // In order of arrival, as many at a time, it would be a multiple.
    const arrival = Math.max(...lengths) * 64;
    assert.ok(arrival / tokens > 2);
  });

  it('gives short texts company, and equal input equal batches', () => {
    assert.deepEqual(packByLength([10, 12, 11, 10]), [[1, 2, 0, 3]]);
    assert.deepEqual(packByLength([]), []);
  });
});
