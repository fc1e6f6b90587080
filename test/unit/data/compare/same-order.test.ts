import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from '../../../../appliance/data/compare/same-order.ts';

const kept = (...numbers: number[]) => [...inOrder(numbers)].sort((a, b) => a - b).map((at) => numbers[at]);

test('of numbers, those of a longest rising run are in order', () => {
  assert.deepEqual(kept(), []);
  assert.deepEqual(kept(0, 1, 2, 3), [0, 1, 2, 3]);
  assert.deepEqual(kept(3, 0, 1, 2), [0, 1, 2], 'what came to the front is what moved');
  assert.deepEqual(kept(1, 2, 3, 0), [1, 2, 3]);
  assert.equal(kept(3, 2, 1, 0).length, 1);
  assert.deepEqual(kept(0, 4, 5, 1, 2, 3), [0, 1, 2, 3]);
});

test('it is never shorter than the longest run that there is, in any order of few', () => {
  const orders = (rest: number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((one) => orders(rest.filter((other) => other !== one)).map((o) => [one, ...o]));
  for (const order of orders([0, 1, 2, 3, 4, 5])) {
    let longest = 0;
    for (let mask = 0; mask < 64; mask++) {
      const some = order.filter((_, at) => (mask >> at) & 1);
      if (some.every((one, at) => at === 0 || some[at - 1]! < one)) longest = Math.max(longest, some.length);
    }
    const found = kept(...order);
    assert.equal(found.length, longest, order.join());
    assert.deepEqual(
      found,
      found.toSorted((a, b) => a! - b!),
      order.join(),
    );
  }
});
