import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { TEXT_LANGUAGES } from '../../../../../appliance/kernel/text-language.ts';
import { matchExpression } from '../../../../../appliance/stores/record/sqlite/words.ts';

describe('the words of a query', () => {
  test('are quoted, in lower case, once each, joined by OR', () => {
    assert.equal(matchExpression('Payment  TERMS payment'), '"payment" OR "terms"');
    assert.equal(matchExpression("don't stop-here"), '"don" OR "t" OR "stop" OR "here"');
  });

  test('common ones are left out while others remain', () => {
    assert.equal(matchExpression('what is the fee'), '"fee"');
    assert.equal(matchExpression('to be or not to be'), '"to" OR "be" OR "or" OR "not"');
  });

  test('no word gives no expression', () => {
    for (const text of ['', '  ', '"*-^:()', '\u0301\u0302', '😀']) assert.equal(matchExpression(text), null);
  });

  test('are looked for as texts of each language have them', () => {
    assert.equal(matchExpression('the Verträge 4711', ['de', 'ru']), '"verträge" OR "4711" OR "vertrag\ue7c1"');
    assert.equal(matchExpression('der Vertrag', ['de']), '"der" OR "vertrag" OR "vertrag\ue7c1"');
  });

  test('each language only adds to what is looked for', () => {
    const words = fc.array(
      fc.constantFrom('die', 'the', 'Verträge', 'avtalen', 'news', '4711', 'résiliés', 'договора'),
    );
    fc.assert(
      fc.property(words, fc.subarray([...TEXT_LANGUAGES]), fc.constantFrom(...TEXT_LANGUAGES), (query, known, more) => {
        const [before, after] = [known, [...known, more]].map((languages) =>
          (matchExpression(query.join(' '), languages) ?? '').split(' OR '),
        );
        assert.deepEqual(before, after!.slice(0, before!.length));
      }),
    );
  });

  test('at most 64 words are searched', () => {
    const text = Array.from({ length: 500 }, (_, n) => `w${n}`).join(' ');
    assert.equal(matchExpression(text)?.split(' OR ').length, 64);
    assert.equal(matchExpression(text, TEXT_LANGUAGES)?.split(' OR ').length, 64, 'codes are of no language');
  });

  test('whatever the text, the expression is one that FTS5 takes, over quoted words only', () => {
    const db = new Database(':memory:');
    db.exec("CREATE VIRTUAL TABLE f USING fts5 (text, title, tokenize = 'porter unicode61 remove_diacritics 2')");
    const search = db.prepare('SELECT rowid FROM f WHERE f MATCH ?');
    const words = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '"',
        '*',
        'NEAR(a b)',
        'AND',
        'OR',
        'NOT',
        '-x',
        '^x',
        'title:',
        '{a b}:',
        '\u0000',
        '""',
        '(',
        ')',
        '+',
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const expression = matchExpression(parts.join(' '), TEXT_LANGUAGES);
        if (expression === null) return;
        assert.match(expression, /^"[^"\s*:^(){}+-]+"( OR "[^"\s*:^(){}+-]+")*$/u);
        search.all(expression);
      }),
      { numRuns: 500 },
    );
    db.close();
  });
});
