import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { halfCharacter, mayHoldHalves } from '../../../appliance/kernel/half-characters.ts';

test('half a character is found wherever it stands, and named by the way to it', () => {
  assert.deepEqual(halfCharacter('x\ud800'), []);
  assert.deepEqual(halfCharacter({ a: 1, b: ['whole 𝕏', { c: '\udc00x' }] }), ['b', '1', 'c']);
  assert.deepEqual(halfCharacter({ a: { '\udfff': 1 } }), ['a']);
  assert.equal(halfCharacter({ a: ['𝕏', null, 1, true], 'é\u0000': '\uffff' }), null);
});

test('whoever looks only where it may be misses none', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.string({ unit: 'binary' }), (value, text) => {
      for (const given of [value, [text, { [text]: value }], [`${text}\ud800`]]) {
        const json = JSON.stringify(given);
        if (halfCharacter(JSON.parse(json)) !== null) assert.ok(mayHoldHalves(json));
      }
    }),
  );
});
