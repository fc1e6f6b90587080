import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBeOf, stemIn } from '../../../appliance/kernel/stems.ts';
import { TEXT_LANGUAGES, textLanguageOf } from '../../../appliance/kernel/text-language.ts';

test('a code names a language that full text knows, or none', () => {
  for (const language of TEXT_LANGUAGES) assert.equal(textLanguageOf(language), language);
  assert.deepEqual(['nb', 'nn', 'mo'].map(textLanguageOf), ['no', 'no', 'ro']);
  for (const code of ['en', 'pl', 'zh', 'DE', '', 'constructor']) assert.equal(textLanguageOf(code), null, code);
});

/** Forms of one word that have one stem. */
const FORMS = {
  da: ['aftale', 'aftaler', 'aftalen', 'aftalerne'],
  de: ['vertrag', 'verträge', 'vertrages', 'verträgen'],
  es: ['operación', 'operaciones'],
  fi: ['talo', 'talossa', 'taloista'],
  fr: ['résiliation', 'résiliations', 'résilier', 'résilié'],
  hu: ['szerződés', 'szerződések', 'szerződést'],
  it: ['contratto', 'contratti'],
  nl: ['huurder', 'huurders'],
  no: ['avtale', 'avtaler', 'avtalen', 'avtalene'],
  pt: ['operação', 'operações'],
  ro: ['contract', 'contractul', 'contractele'],
  ru: ['договор', 'договора', 'договоры', 'договором'],
  sv: ['hyresgäst', 'hyresgästen', 'hyresgäster'],
};

for (const language of TEXT_LANGUAGES) {
  test(`forms of a word have one stem: ${language}`, () => {
    const [word, ...others] = FORMS[language];
    for (const other of others) {
      assert.equal(stemIn(language, other), stemIn(language, word!), other);
      assert.equal(mayBeOf(language, other), true, other);
    }
  });
}

test('numbers, codes, other scripts and what no word is as long as are of no language', () => {
  for (const word of ['4711', 'm104', 'договор', 'מכתב', '契約', 'x'.repeat(65), '\ue7c1', 'a\ue7c1', ''])
    assert.equal(mayBeOf('de', word), false, word);
  for (const word of ['vertrag', '4711', '']) assert.equal(mayBeOf('ru', word), false, word);
});
