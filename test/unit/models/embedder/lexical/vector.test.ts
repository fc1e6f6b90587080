import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { vectorSha256 } from '../../../../../appliance/kernel/digest.ts';
import { tokens } from '../../../../../appliance/models/embedder/lexical/tokens.ts';
import { lexicalVector } from '../../../../../appliance/models/embedder/lexical/vector.ts';

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const similarity = (a: string, b: string) => dot(lexicalVector(a), lexicalVector(b));

/** Another hash here means another version of the embedder: every stored vector would have to be made again. */
const GOLDEN: Readonly<Record<string, string>> = {
  'Bill of lading': 'e7d3a7c16e84baeb7f97730a43f288f0cd493eed95e5ea296dc970201b5afff9',
  'The tenant shall give three months’ notice in writing before the lease ends.':
    'ba6ed02c848277729c38bc7f743573a4acd473137dd983d159bc9fdae9625150',
  'Überweisung an die Müller GmbH über 1.250,00 €': '5b6caf01370473533a72a37f02c5e8a2a6608310c15404bb96d384b8ecc81a83',
  契約書の更新について: '6e9dcab5ad3266a95842827c9f98c356311810449898c285fa2a1fb85d2bf844',
  'the of and': 'fb6e68cd22fabea2e0473982768c65b94112174590e490e50cfeed362d8697f1',
  'ﬁling № 42': '8f236fe2747fc39fc24533f3e8aaaf7c4b4d4d0ff7c606513c24da452d1be202',
  x: 'e87ae3e31b19a37ec1fad3f264a47bcb42302b4650e584c8e2e85578d8711224',
  'word word word word word word word word word word word word penicillin':
    '8ebb74b04647ff400077d6ddf86b4247962c385095b26b11625e53b71b291309',
};

for (const [text, expected] of Object.entries(GOLDEN)) {
  it(`the vector of ${JSON.stringify(text.slice(0, 40))} is the same on every machine`, () => {
    assert.equal(vectorSha256(lexicalVector(text)), expected);
  });
}

it('every text with a token has a vector of length one, every other the zero vector', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.lorem()), (text) => {
      const vector = lexicalVector(text);
      assert.equal(vector.length, 768);
      const norm = Math.sqrt(dot(vector, vector));
      if (tokens(text).length === 0) assert.equal(norm, 0);
      else assert.ok(Math.abs(norm - 1) < 1e-5, `norm ${norm}`);
    }),
  );
});

it('the vector depends on nothing but the text', () => {
  const before = vectorSha256(lexicalVector('deed of assignment'));
  for (let n = 0; n < 200; n++) lexicalVector(`another text ${n} with words of its own`);
  assert.equal(vectorSha256(lexicalVector('deed of assignment')), before);
});

it('letter case, accents and spacing make no difference', () => {
  assert.equal(
    vectorSha256(lexicalVector('  ÜBERWEISUNG\n\nMüller ')),
    vectorSha256(lexicalVector('uberweisung muller')),
  );
});

it('a text is nearer to a question about it than to another question', () => {
  const lease = 'The tenant shall give three months’ notice in writing before terminating the lease of the office.';
  assert.ok(
    similarity(lease, 'notice period for terminating a lease') >
      2 * similarity(lease, 'dosage of penicillin for children'),
  );
});

it('inflected and misspelt words still meet', () => {
  assert.ok(similarity('termination of contracts', 'terminate the contract') > 0.6);
  assert.ok(similarity('indemnification', 'indemnificaton') > 0.1);
  assert.ok(Math.abs(similarity('indemnification', 'penicillin')) < 0.1);
});

it('saying a word often does not drown the others', () => {
  assert.ok(similarity(`${'invoice '.repeat(500)}penicillin`, 'penicillin') > 0.15);
});

it('unrelated texts are near a right angle', () => {
  const texts = ['marine cargo insurance', 'blood pressure chart', 'quarterly revenue forecast', 'garden soil acidity'];
  for (const a of texts) for (const b of texts) if (a !== b) assert.ok(Math.abs(similarity(a, b)) < 0.15);
});
