import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  increase,
  last,
  predicted,
  quantile,
  type Taken,
} from '../../../../appliance/observability/measuring/window.ts';

/** Samples a minute apart. */
const minutes = (...samples: Record<string, number>[]): Taken[] =>
  samples.map((sample, at) => ({ at: at * 60, sample }));

describe('samples over time', () => {
  it('count how much a counter rose, also where its process began anew', () => {
    assert.equal(increase(minutes({ a: 5 }, { a: 8 }, { a: 8 }, { a: 2 }, { a: 3 }), 'a'), 3 + 2 + 1);
    assert.equal(increase(minutes({}, { a: 4 }), 'a'), 4);
    assert.equal(increase(minutes({ a: 9 }), 'a'), 0);
  });

  it('count each rise once, wherever the samples are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 2, maxLength: 30 }), fc.nat(), (values, place) => {
        const taken = minutes(...values.map((a) => ({ a })));
        const cut = 1 + (place % (taken.length - 1));
        const parts = increase(taken.slice(0, cut + 1), 'a') + increase(taken.slice(cut), 'a');
        assert.equal(parts, increase(taken, 'a'));
      }),
    );
  });

  it('find the value that a share stayed under, straight between two bounds', () => {
    const before = { 't.le.1': 0, 't.le.2': 0, 't.le.+Inf': 0 };
    const taken = minutes(before, { 't.le.1': 50, 't.le.2': 100, 't.le.+Inf': 100 });
    assert.equal(quantile(taken, 't', 0.5), 1);
    assert.equal(quantile(taken, 't', 0.75), 1.5);
    assert.equal(quantile(minutes(before, { 't.le.1': 0, 't.le.2': 0, 't.le.+Inf': 3 }), 't', 0.95), 2);
    assert.equal(quantile(minutes(before, before), 't', 0.95), null);
  });

  it('follow a straight line beyond its end', () => {
    const taken = minutes({ 's.a': 10, 's.b': 0 }, { 's.a': 15, 's.b': 5 }, { 's.a': 20, 's.b': 10 });
    assert.equal(Math.round(predicted(taken, 's.', 600)!), 130);
    assert.equal(predicted(taken.slice(0, 1), 's.', 600), null);
  });

  it('reach back as far as they are asked to, and the sample that counters rose from', () => {
    const taken = minutes({}, {}, {}, {}, {});
    assert.deepEqual(
      last(taken, 120, 240).map(({ at }) => at),
      [120, 180, 240],
    );
  });
});
