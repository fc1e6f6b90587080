import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
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

  test('at most 64 words are searched', () => {
    const text = Array.from({ length: 500 }, (_, n) => `w${n}`).join(' ');
    assert.equal(matchExpression(text)?.split(' OR ').length, 64);
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
        const expression = matchExpression(parts.join(' '));
        if (expression === null) return;
        assert.match(expression, /^"[^"\s*:^(){}+-]+"( OR "[^"\s*:^(){}+-]+")*$/u);
        search.all(expression);
      }),
      { numRuns: 500 },
    );
    db.close();
  });
});
