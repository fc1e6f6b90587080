import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { tokens } from '../../../../../appliance/models/embedder/lexical/tokens.ts';

for (const [what, text, expected] of [
  [
    'words and numbers, lower case, without punctuation',
    'Invoice No. 42/7 — due!',
    ['invoice', 'no', '42', '7', 'due'],
  ],
  ['accents are folded', 'Überweisung, garçon, naïve, Öl', ['uberweisung', 'garcon', 'naive', 'ol']],
  ['a letter and its mark count like the composed letter', 'Mu\u0308ller', ['muller']],
  ['letters with another plain spelling', 'Straße Œuvre smørrebrød Łódź', ['strasse', 'oeuvre', 'smorrebrod', 'lodz']],
  ['compatibility forms', 'ｆｕｌｌ ﬁling №', ['full', 'filing', 'no']],
  ['Greek and Cyrillic', 'Σύμβαση Договор', ['συμβαση', 'договор']],
  ['Chinese in overlapping pairs', '保密协议', ['保密', '密协', '协议']],
  ['a single Chinese character stays', '法', ['法']],
  ['Japanese voicing marks and long vowels stay', 'サーバが', ['サー', 'ーバ', 'バが']],
  ['a run of two kinds of script is cut where they meet', 'ABC契約2024', ['abc', '契約', '2024']],
  ['Hindi vowel signs belong to the word', 'किताब', ['किताब']],
  ['Arabic vowel signs do not', 'كِتَاب', ['كتاب']],
  ['nothing in nothing', ' \t…!?', []],
] as const) {
  it(`tokens: ${what}`, () => assert.deepEqual(tokens(text), expected));
}

it('an endless word is cut, so that it costs no more than a long one', () => {
  assert.equal(tokens('a'.repeat(1_000_000))[0]!.length, 64);
});

it('cutting a text at a space cuts its tokens at the same place', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (left, right) => {
      assert.deepEqual(tokens(`${left} x ${right}`), [...tokens(left), 'x', ...tokens(right)]);
    }),
  );
});
