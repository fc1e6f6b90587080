import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { likeness, wordChanges, wordsOf } from '../../../../appliance/data/compare/words.ts';

const added = (before: string, after: string) => {
  const changes = wordChanges(wordsOf(before), wordsOf(after));
  return { added: changes.added.map(([start, end]) => after.slice(start, end)), gone: changes.gone };
};

test('a number with its separators is one word, and so is one with accents or an apostrophe', () => {
  const words = wordsOf('NOK 1.200,50 – l’été, 2026-01-31 12:05 (a/b)').map(({ text }) => text);
  assert.deepEqual(words, ['NOK', '1.200,50', 'l’été', '2026-01-31', '12:05', 'a/b']);
});

test('what is new is marked where it stands, neighbours together; what is gone is counted', () => {
  assert.deepEqual(added('The notice is six months.', 'The notice is nine months.'), { added: ['nine'], gone: 1 });
  assert.deepEqual(added('a b c', 'a b c'), { added: [], gone: 0 });
  assert.deepEqual(added('', 'all of it, new'), { added: ['all of it, new'], gone: 0 });
  assert.deepEqual(added('all gone', ''), { added: [], gone: 2 });
  assert.deepEqual(added('rent is due monthly', 'rent and fees are due each month'), {
    added: ['and fees are', 'each month'],
    gone: 2,
  });
});

test('it marks no more than has to be: what is left is a longest common subsequence of both', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 9 }).map((words) => words.join(' '));
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const [old, now] = [wordsOf(before), wordsOf(after)];
      const changes = wordChanges(old, now);
      const left = now.filter(({ start }) => !changes.added.some(([from, to]) => start >= from && start < to));
      let at = 0;
      for (const { text } of left) {
        while (at < old.length && old[at]!.text !== text) at++;
        assert.ok(at++ < old.length);
      }
      assert.equal(left.length, old.length - changes.gone);
      const [one, other] = [old, now].map((words) => words.map(({ text }) => text));
      assert.equal(left.length, longestCommon(one!, other!));
    }),
  );
});

test('two texts without an end are marked as a whole, and in no time of their square', () => {
  const before = Array.from({ length: 5000 }, (_, at) => `old${at}`).join(' ');
  const after = Array.from({ length: 5000 }, (_, at) => `new${at}`).join(' ');
  assert.deepEqual(added(`same ${before} end`, `same ${after} end`), { added: [after], gone: 5000 });
});

test('likeness is the share of words in common, whatever their order', () => {
  const like = (one: string, other: string) => likeness(wordsOf(one), wordsOf(other));
  assert.equal(like('a b c', 'c b a'), 1);
  assert.equal(like('a b', 'c d'), 0);
  assert.equal(like('a a', 'a b'), 0.5);
  assert.equal(like('', ''), 0);
});

function longestCommon(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return 0;
  const [a, ...rest] = one;
  const [b, ...more] = other;
  return a === b ? 1 + longestCommon(rest, more) : Math.max(longestCommon(rest, other), longestCommon(one, more));
}
