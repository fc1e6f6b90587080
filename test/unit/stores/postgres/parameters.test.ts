import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { heldText, plainText, prepare, valuesOf } from '../../../../appliance/stores/postgres/parameters.ts';

describe('parameters of a statement', () => {
  test('names become numbers, each the same wherever it stands', () => {
    const { text, names } = prepare('SELECT @b, @a, @b::text');
    assert.equal(text, 'SELECT $1, $2, $1::text');
    assert.deepEqual(names, ['b', 'a']);
    assert.deepEqual(valuesOf(prepare('SELECT @b, @a, @b::text'), { a: 1, b: 'x' }), ['x', 1]);
  });

  test('places are counted', () => {
    assert.equal(prepare('SELECT ?, ?').text, 'SELECT $1, $2');
    assert.deepEqual(valuesOf(prepare('SELECT ?, ?'), [null, true]), [null, true]);
  });

  test('the operator of full text is no name', () => {
    assert.equal(prepare('a @@ b AND c @@ @query').text, 'a @@ b AND c @@ $1');
  });

  test('a parameter that is missing is a defect, and so is a mixture', () => {
    assert.throws(() => valuesOf(prepare('SELECT @a'), { b: 1 }), /parameter a is missing/);
    assert.throws(() => prepare('SELECT @a, ?'), /named parameters and others/);
  });

  test('whatever a text holds, it comes back as it was, and the server is never given a NUL or half a pair', () => {
    const odd = fc.string({ unit: fc.constantFrom('\0', '\uffff', '0', 'a', 'd83d', '\\', '😀', '\ud83d', '\ude00') });
    fc.assert(
      fc.property(odd, odd, (one, other) => {
        assert.ok(!heldText(one).includes('\0'));
        assert.ok(heldText(one).isWellFormed());
        assert.equal(plainText(heldText(one)), one);
        assert.equal(heldText(one) === heldText(other), one === other);
      }),
    );
    assert.deepEqual(valuesOf(prepare('SELECT ?'), [['a\0', 1, null]]), [[heldText('a\0'), 1, null]]);
  });
});
