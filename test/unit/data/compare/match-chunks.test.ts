import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchChunks } from '../../../../appliance/data/compare/match-chunks.ts';
import type { Chunk } from '../../../../appliance/data/document.ts';

type Part = Pick<Chunk, 'text' | 'page' | 'element_type' | 'boxes'>;
const part = (text: string, more: Partial<Part> = {}): Part => ({ text, page: 1, element_type: 'paragraph', ...more });
const at = (y: number) => [{ x: 10, y, width: 100, height: 12 }];
const kinds = (before: Part[], after: Part[], samePages = true) =>
  matchChunks(before, after, { samePages }).map(({ kind, before: was, after: is }) =>
    [kind, was?.text ?? '–', is?.text ?? '–'].join(' '),
  );

const RENT = 'the tenant pays the rent before the third day of each month';
const NOTICE = 'either party may give notice of six months in writing';

describe('chunks of two versions', () => {
  test('what is the same at its place stayed', () => {
    const all = [part('a'), part('b'), part('c')];
    assert.deepEqual(kinds(all, all), ['stayed a a', 'stayed b b', 'stayed c c']);
    assert.deepEqual(kinds([], []), []);
  });

  test('what stands between the others now came, what is missing went, each told where it is or was', () => {
    assert.deepEqual(kinds([part('a'), part('b'), part('c')], [part('a'), part('x'), part('c')]), [
      'stayed a a',
      'went b –',
      'came – x',
      'stayed c c',
    ]);
    assert.deepEqual(kinds([part('z'), part('a')], [part('a')]), ['went z –', 'stayed a a']);
  });

  test('what went past others, to another page, or elsewhere on its page moved; the others stayed', () => {
    assert.deepEqual(kinds([part('a'), part('b'), part('c')], [part('c'), part('a'), part('b')]), [
      'moved c c',
      'stayed a a',
      'stayed b b',
    ]);
    assert.deepEqual(kinds([part('a')], [part('a', { page: 2 })]), ['moved a a']);
    assert.deepEqual(kinds([part('a', { boxes: at(10) })], [part('a', { boxes: at(90) })]), ['moved a a']);
    assert.deepEqual(kinds([part('a', { boxes: at(10) })], [part('a', { boxes: at(12) })]), ['stayed a a']);
    assert.deepEqual(kinds([part('a', { boxes: at(10) })], [part('a')]), ['stayed a a'], 'no place is no other place');
  });

  test('of two files a place on a page says nothing: what stands lower there is what it was', () => {
    const [before, after] = [[part('a', { boxes: at(10) })], [part('a', { boxes: at(90) })]];
    assert.deepEqual(kinds(before, after, false), ['stayed a a']);
  });

  test('a text that shares most of its words with one of before is that one, changed', () => {
    const nine = NOTICE.replace('six', 'nine');
    assert.deepEqual(kinds([part(RENT), part(NOTICE)], [part(RENT), part(nine)]), [
      `stayed ${RENT} ${RENT}`,
      `changed ${NOTICE} ${nine}`,
    ]);
  });

  test('a paragraph that is a table now is changed, although its words are the same', () => {
    assert.deepEqual(kinds([part('a b')], [part('a b', { element_type: 'table' })]), ['changed a b a b']);
  });

  test('a chunk that was cut in two is one that changed and one that came, and each is paired once', () => {
    const whole = `${RENT}. ${NOTICE}`;
    assert.deepEqual(kinds([part(whole)], [part(RENT), part(NOTICE)]), [
      `changed ${whole} ${RENT}`,
      `came – ${NOTICE}`,
    ]);
    assert.deepEqual(kinds([part(RENT), part(NOTICE)], [part(whole)]), [
      `changed ${RENT} ${whole}`,
      `went ${NOTICE} –`,
    ]);
  });

  test('the same words twice are two: one of them that went is one that went', () => {
    assert.deepEqual(kinds([part('a'), part('a')], [part('a')]), ['stayed a a', 'went a –']);
    assert.deepEqual(kinds([part('a')], [part('a'), part('a')]), ['stayed a a', 'came – a']);
  });

  test('every chunk of both is told once, in whatever order they came', () => {
    const some = fc.array(
      fc.record({ text: fc.constantFrom('a', 'b', 'c', RENT, NOTICE), page: fc.integer({ min: 1, max: 2 }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(some, some, (one, other) => {
        const [before, after] = [one, other].map((parts) => parts.map(({ text, page }) => part(text, { page })));
        const matches = matchChunks(before!, after!, { samePages: true });
        assert.deepEqual(
          matches.flatMap((match) => match.after ?? []),
          after,
        );
        assert.deepEqual(new Set(matches.flatMap((match) => match.before ?? [])), new Set(before));
        assert.equal(matches.filter((match) => match.before !== null).length, before!.length);
        for (const { kind, before: was, after: is } of matches) {
          assert.equal(kind === 'went', is === null);
          assert.equal(kind === 'came', was === null);
          if (kind === 'stayed' || kind === 'moved') assert.equal(was!.text, is!.text);
        }
      }),
    );
  });

  test('ten thousand rows, half of them others, are matched without looking at every pair', () => {
    const rows = (stem: string) =>
      Array.from({ length: 10_000 }, (_, n) => part(n % 2 === 0 ? `row ${n}` : `${stem} ${n} with a value of its own`));
    const matches = matchChunks(rows('old'), rows('new'), { samePages: true });
    assert.equal(matches.filter(({ kind }) => kind === 'stayed').length, 5000);
    assert.equal(matches.filter(({ kind }) => kind === 'changed').length, 5000);
    for (const { before, after } of matches) assert.equal(before!.text.split(' ')[1], after!.text.split(' ')[1]);
  });
});
