import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { assertVectors } from '../../../../appliance/models/embedder/assert.ts';
import { randomVectors } from '../../../support/vectors.ts';

const [good] = randomVectors(1, 1) as [Float32Array];
const scaled = (factor: number) => good.map((x) => x * factor);
const changed = (place: number, value: number) => good.map((x, i) => (i === place ? value : x));

for (const [what, vectors, count] of [
  ['fewer vectors than texts', [good], 2],
  ['more vectors than texts', [good, good], 1],
  ['767 numbers', [good, good.slice(0, 767)], 2],
  ['769 numbers', [new Float32Array(769)], 1],
  ['no vector at all', [undefined as unknown as Float32Array], 1],
  ['plain numbers instead of float32', [[...good] as unknown as Float32Array], 1],
  ['NaN', [good, changed(0, Number.NaN)], 2],
  ['Infinity', [changed(767, Infinity)], 1],
  ['two infinities of both signs', [changed(1, Infinity).map((x, i) => (i === 2 ? -Infinity : x))], 1],
  ['a norm of 1.002', [scaled(1.002)], 1],
  ['a norm of 0.998', [scaled(0.998)], 1],
  ['a vector that was not normalised', [scaled(17)], 1],
] as const) {
  it(`refuses ${what}`, () => {
    assert.throws(
      () => assertVectors(vectors, count),
      (error) => isFrostbyteError(error, 'DIMENSION_MISMATCH') && error.kind === 'never',
    );
  });
}

it('takes unit vectors, rounding, and the zero vector of a text without a token', () => {
  assertVectors([], 0);
  assertVectors([good, scaled(1.0005), scaled(0.9995), new Float32Array(768)], 4);
});
