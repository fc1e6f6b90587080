import assert from 'node:assert/strict';
import { it } from 'node:test';
import { cosine } from '../../../appliance/kernel/cosine.ts';

it('the cosine is 1 for the same direction, -1 for the opposite, 0 with a zero vector', () => {
  const vector = Float32Array.from({ length: 768 }, (_, i) => i - 300);
  assert.equal(cosine(vector, vector), 1);
  assert.equal(
    cosine(
      vector,
      vector.map((x) => -3 * x),
    ),
    -1,
  );
  assert.equal(cosine(vector, new Float32Array(768)), 0);
});
