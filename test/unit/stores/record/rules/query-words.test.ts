import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { wordsOf } from '../../../../../appliance/stores/record/rules/query-words.ts';

it('a text’s words are letters, digits and what stands on them, in lower case; a mark alone is none', () => {
  assert.deepEqual(wordsOf('A/b x-Y_z: "Verträge", No. 7;\u0301 ΣΑΣ'), [
    'a',
    'b',
    'x',
    'y',
    'z',
    'verträge',
    'no',
    '7',
    'σας',
  ]);
});

it('a text of ASCII alone has the words that it has in any other', () => {
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 200 });
  fc.assert(fc.property(ascii, (text) => assert.deepEqual([...wordsOf(text), 'é'], wordsOf(`${text} é`))));
});
