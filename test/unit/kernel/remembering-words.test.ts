import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rememberingWords } from '../../../appliance/kernel/remembering-words.ts';

it('a word is worked on once, and answers alike when more words came than are kept', () => {
  const asked: string[] = [];
  const doubled = rememberingWords((word) => {
    asked.push(word);
    return word + word;
  });
  assert.deepEqual(['a', 'b', 'a'].map(doubled), ['aa', 'bb', 'aa']);
  assert.deepEqual(asked, ['a', 'b']);
  // What is longer than any word is never kept.
  const long = 'x'.repeat(100_000);
  assert.equal([long, long].map(doubled).join(''), long.repeat(4));
  assert.equal(asked.length, 4);
  for (let n = 0; n < 50_000; n++) doubled(String(n));
  assert.equal(doubled('a'), 'aa');
  assert.equal(asked.length, 50_005, 'what was kept is given up, and memory does not grow');
});
