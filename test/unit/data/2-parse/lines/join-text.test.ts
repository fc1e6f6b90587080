import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanLine, joinLines, vocabularyOf } from '../../../../../appliance/data/2-parse/lines/join-text.ts';

const NONE = new Set<string>();

describe('joinLines', () => {
  it('undoes hyphenation where the word goes on in lower case', () => {
    assert.equal(joinLines(['an exam-', 'ple of it'], NONE), 'an example of it');
  });

  it('keeps the hyphen of a name and of a range', () => {
    assert.equal(joinLines(['in Baden-', 'Baden'], NONE), 'in Baden-Baden');
    assert.equal(joinLines(['covid-', '19'], NONE), 'covid-19');
  });

  it('keeps the hyphen of a compound that the document writes with one', () => {
    const words = vocabularyOf(['a well-known fact', 'another']);
    assert.equal(joinLines(['some well-', 'known fact'], words), 'some well-known fact');
  });

  it('makes one number of one that a line end cuts at its hyphen', () => {
    assert.equal(joinLines(['number 523-45-', '6711 of'], NONE), 'number 523-45-6711 of');
    assert.equal(joinLines(['in 1998\u2011', '1999'], NONE), 'in 1998\u20111999');
    assert.equal(joinLines(['rose by 5 -', '7'], NONE), 'rose by 5 - 7');
  });

  it('keeps a dash between words', () => {
    assert.equal(joinLines(['one -', 'two'], NONE), 'one - two');
  });

  it('takes soft hyphens out, at line ends too', () => {
    assert.equal(joinLines([cleanLine('data\u00ADbase sys\u00AD'), 'tem'], NONE), 'database system');
    assert.equal(joinLines([cleanLine('the end\u00AD')], NONE), 'the end');
  });

  it('is linear in the length of a paragraph', () => {
    const lines = Array.from({ length: 20_000 }, () => 'some words that end in a hy-');
    const start = performance.now();
    joinLines(lines, NONE);
    assert.ok(performance.now() - start < 1500);
  });
});

describe('cleanLine', () => {
  it('spells out ligatures and removes control characters', () => {
    assert.equal(cleanLine('e\uFB03cient\u0002  \uFB01le \uFEFF'), 'efficient file');
  });
});

describe('vocabularyOf', () => {
  it('leaves out words that a line end cuts', () => {
    assert.deepEqual([...vocabularyOf(['The exam-', 'Ple ends'])], ['the', 'ple', 'ends']);
  });
});
