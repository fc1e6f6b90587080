import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { indexedWords, queryTerms } from '../../../../../appliance/stores/record/postgres/words.ts';

describe('words of PostgreSQL full text', () => {
  test('each stem has its places, those of the title with weight A, and all words count', () => {
    assert.deepEqual(indexedWords('Leases leased, the lease', 'Lease terms'), {
      words: `'leas':1,2,4,5A 'the':3 'term':6A`,
      length: 6,
    });
    assert.deepEqual(indexedWords('', ''), { words: '', length: 0 });
  });

  test('case and accents go on both sides, also where a letter is written in two parts', () => {
    assert.deepEqual(queryTerms('RÉSUMÉ re\u0301sume\u0301 Größen'), [`'resum'`, `'großen'`]);
    assert.equal(indexedWords('résumé', '').words, `'resum':1`);
  });

  test('nothing in a text or a query is more than a word', () => {
    for (const text of [`'a' & !b`, `a\\' | 'b':*`, `a:1A <-> b`, `a''b`])
      for (const term of [...queryTerms(text), ...indexedWords(text, '').words.split(' ')])
        assert.match(term, /^'[\p{L}\p{N}\p{Co}]+'(?::[\dA,]+)?$/u);
  });

  test('a word longer than the server takes is cut alike on both sides', () => {
    const long = 'ü'.repeat(3000);
    const [term] = queryTerms(long);
    assert.ok(Buffer.byteLength(term!) < 2000);
    assert.equal(indexedWords(long, '').words, `${term}:1`);
  });
});
