import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TEXT_LANGUAGES } from '../../../../../appliance/kernel/text-language.ts';
import { indexedWords, queryTerms } from '../../../../../appliance/stores/record/postgres/words.ts';

/** The terms of a query in texts that are cut as English is. */
const plainTerms = (text: string) => queryTerms(text).flatMap(({ term, language }) => (language === null ? term : []));

describe('words of PostgreSQL full text', () => {
  test('each stem has its places, those of the title with weight A, and all words count', () => {
    assert.deepEqual(indexedWords('Leases leased, the lease', 'Lease terms'), {
      words: `'leas':1,2,4,5A 'the':3 'term':6A`,
      length: 6,
    });
    assert.deepEqual(indexedWords('', ''), { words: '', length: 0 });
  });

  test('case and accents go on both sides, also where a letter is written in two parts', () => {
    assert.deepEqual(plainTerms('RÉSUMÉ re\u0301sume\u0301 Größen'), [`'resum'`, `'großen'`]);
    assert.equal(indexedWords('résumé', '').words, `'resum':1`);
  });

  test('nothing in a text or a query is more than a word', () => {
    for (const text of [`'a' & !b`, `a\\' | 'b':*`, `a:1A <-> b`, `a''b`])
      for (const term of [
        ...queryTerms(text).map(({ term }) => term),
        ...[null, 'fr' as const].flatMap((language) => indexedWords(text, '', language).words.split(' ')),
      ])
        assert.match(term, /^'[\p{L}\p{N}\p{Co}]+'(?::[\dA,]+)?$/u);
  });

  test('a word longer than the server takes is cut alike on both sides', () => {
    const long = 'ü'.repeat(3000);
    const [term] = plainTerms(long);
    assert.ok(Buffer.byteLength(term!) < 2000);
    assert.equal(indexedWords(long, '').words, `${term}:1`);
    assert.equal(indexedWords(long, '', 'de').words, `${term}:1`);
  });

  test('a text of a language has its terms, each at its place; what has two counts for two', () => {
    assert.deepEqual(indexedWords('Verträge, Vertrag 4711', 'Kündigungen', 'de'), {
      words: `'vertrag\ue7c1':1,2 '4711':3 'kundig\ue7c1':4A`,
      length: 4,
    });
    assert.deepEqual(indexedWords('operación', '', 'es'), { words: `'oper\ue7c2':1 'operacion\ue7c2':2`, length: 2 });
  });

  test('a query has the terms of each language once, those of a number only once in all', () => {
    const terms = queryTerms('Verträge 4711');
    assert.deepEqual(terms.slice(0, 3), [
      { term: `'vertrag'`, language: null },
      { term: `'4711'`, language: null },
      { term: `'vertrag\ue7c0'`, language: 'da' },
    ]);
    assert.deepEqual(
      terms.filter(({ term }) => term === `'vertrag\ue7c1'`),
      [{ term: `'vertrag\ue7c1'`, language: 'de' }],
    );
    // Russian has no word in these letters.
    assert.equal(new Set(terms.map(({ language }) => language)).size, TEXT_LANGUAGES.length);
  });
});
