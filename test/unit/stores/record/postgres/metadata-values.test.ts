import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rangesOf, valuesOf } from '../../../../../appliance/stores/record/postgres/metadata-values.ts';

describe('places of metadata', () => {
  const places = (metadata: Record<string, unknown>) => valuesOf(metadata).map(({ place }) => place);

  test('a value is found where a condition looks, and nothing of it can be read', () => {
    const [text] = valuesOf({ vendor: 'north' });
    const [range] = rangesOf({ field: 'vendor', of: 'value', kind: 'text', any_of: ['north'] });
    assert.equal(text?.place, range?.place);
    assert.doesNotMatch(JSON.stringify(valuesOf({ vendor: 'north' })), /north|vendor/);
  });

  test('fields, kinds, and items are told apart, whatever their names', () => {
    const different = [
      ...places({ a: '1' }),
      ...places({ a: 1 }),
      ...places({ a: true }),
      ...places({ b: 1 }),
      ...places({ a: ['1', 1, true] }),
      ...places({ 'a","value': '1' }),
    ];
    assert.equal(new Set(different).size, different.length);
  });

  test('a date is there as text and as moment; null, objects and what JSON cannot write are nowhere', () => {
    assert.deepEqual(
      valuesOf({ d: '2026-01-31' }).map(({ value }) => value),
      [0, Date.parse('2026-01-31')],
    );
    assert.deepEqual(valuesOf({ n: null, o: { x: 1 }, i: Number.POSITIVE_INFINITY, l: [[1]] }), []);
  });

  test('the same item twice is one value', () => {
    assert.equal(valuesOf({ l: ['x', 'x', 'x'] }).length, 1);
  });
});
