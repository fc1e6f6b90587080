import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TEXT_LANGUAGES, type TextLanguage } from '../../../../../appliance/kernel/text-language.ts';
import { queryTermsIn, termsOf } from '../../../../../appliance/stores/record/rules/language-terms.ts';
import { queryWords } from '../../../../../appliance/stores/record/rules/query-words.ts';

/** Letters of all the languages, and what a text has beside letters. */
const LETTERS = [...'abcdefghijklmnopqrstuvwxyzäöüßéèêçñõãåæøőűșțдогвртсчёйыь'];
const word = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 20 });
const text = fc.array(fc.oneof(word, fc.constantFrom('4711', 'M-104', '§ 5', '.', 'X\ue7c1')), { maxLength: 12 });
const language = fc.constantFrom(...TEXT_LANGUAGES);
const bare = (of: string): string => of.normalize('NFD').replace(/\p{M}+/gu, '');
/** Both stores fold what is of no language as they take it. */
const meet = (a: readonly string[], b: readonly string[]): boolean => a.some((one) => b.map(bare).includes(bare(one)));

describe('the terms of a text in a language', () => {
  test('are marked stems without accents; a stemmer that minds accents gives a word another beside', () => {
    assert.deepEqual(termsOf('Die Verträge, Größe', 'de'), ['die\ue7c1', 'vertrag\ue7c1', 'gross\ue7c1']);
    assert.deepEqual(termsOf('operación operacion', 'es'), ['oper\ue7c2', 'operacion\ue7c2', 'operacion\ue7c2']);
  });

  test('numbers, codes and words of other scripts are themselves', () => {
    assert.deepEqual(termsOf('M-104, 4711 §5a договор', 'de'), ['m\ue7c1', '104', '4711', '5a', 'договор']);
    assert.deepEqual(termsOf('Siemens договоры', 'ru'), ['siemens', 'договор\ue7cb']);
  });

  test('a query has those of a language that are its alone: what is the same in every text is asked of all', () => {
    assert.deepEqual(queryTermsIn('Vertrag 4711 M-104 договор', 'de'), ['vertrag\ue7c1', 'm\ue7c1']);
    // What is common in one language leaves only what is of none.
    assert.deepEqual(queryTermsIn('the и', 'ru'), ['и\ue7cb']);
    // More words than a query may have: none that is of no language comes in by the cut of one.
    const many = Array.from({ length: 80 }, (_, n) => `${n}`).join(' ');
    for (const of of TEXT_LANGUAGES) assert.deepEqual(queryTermsIn(many, of), []);
  });

  test('those of two languages are never one, nor one of English', () => {
    const all = TEXT_LANGUAGES.filter((one) => one !== 'ru').flatMap((one) => termsOf('run', one));
    assert.equal(new Set([...all, 'run']).size, TEXT_LANGUAGES.length);
  });

  test('whatever the word, a query finds it in any case and with or without its accents', () => {
    fc.assert(
      fc.property(word, language, (one, of) => {
        // What has another spelling in capitals (ß) is another word there.
        for (const query of [one, one.toUpperCase(), bare(one), one.normalize('NFD')])
          if (query.normalize('NFC').toLowerCase() === one || bare(query) === bare(one))
            assert.ok(meet([...queryWords(query), ...queryTermsIn(query, of)], termsOf(one, of)), `${query} in ${of}`);
      }),
      { numRuns: 3_000 },
    );
  });

  test('each is one word of letters and digits, and a query has no more of them than a few for each word', () => {
    fc.assert(
      fc.property(text, language, (words, of) => {
        const terms = termsOf(words.join(' '), of);
        for (const term of terms) assert.match(term, /^[\p{L}\p{N}\p{Co}]+$/u);
        const asked = queryTermsIn(words.join(' '), of);
        assert.ok(asked.length <= 2 * queryWords(words.join(' '), of).length);
        assert.equal(new Set(asked).size, asked.length);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('common words', () => {
  const cases: [TextLanguage, string, string][] = [
    ['de', 'Wann endet der Vertrag mit dem Vermieter?', 'endet vertrag vermieter'],
    ['no', 'Når utløper avtalen med utleieren?', 'utløper avtalen utleieren'],
    ['fr', 'Quelle est la durée du préavis ?', 'durée préavis'],
    ['es', '¿Cuándo termina el contrato?', 'termina contrato'],
    ['ru', 'Когда истекает договор с арендатором', 'истекает договор арендатором'],
  ];
  for (const [of, query, telling] of cases) {
    test(`of ${of} are left out of what its texts are asked for, and of nothing else`, () => {
      assert.equal(queryWords(query, of).join(' '), telling);
      assert.ok(queryWords(query).length > queryWords(query, of).length, 'a text of no language may be English');
    });
  }

  test('are searched when they are all there is, also without their accents', () => {
    assert.deepEqual(queryWords('der die das', 'de'), ['der', 'die', 'das']);
    assert.deepEqual(queryWords('fur uber Vertrag', 'de'), ['vertrag']);
    assert.deepEqual(queryWords('to be or not to be', 'de'), ['to', 'be', 'or', 'not']);
  });
});
