import { stemmer } from 'stemmer';
import { queryWords, wordsOf } from '../rules/query-words.ts';

/**
 * Words as full text knows them: without case and accents, English ones by their stem, as the embedded store has them. The
 * server's own parser is not asked: it takes `a/b`, `x-y` and addresses for words of other kinds, its dictionaries depend
 * on how it was built, and both sides must always agree.
 */

/** The Porter stemmer knows only English spelling. */
const ENGLISH_SPELLING = /^[a-z]{3,64}$/;
/** The server refuses longer ones. What is cut here is cut in the query too. */
const LONGEST = 250;

/** A text's words as a `tsvector`, those of the title with weight A, and how many there are. O(text). */
export function indexedWords(text: string, title: string): { words: string; length: number } {
  const places = new Map<string, string[]>();
  let place = 0;
  for (const [part, weight] of [
    [text, ''],
    [title, 'A'],
  ] as const) {
    for (const word of wordsOf(part)) {
      place += 1;
      const stem = stemOf(word);
      const known = places.get(stem);
      if (known) known.push(`${place}${weight}`);
      else places.set(stem, [`${place}${weight}`]);
    }
  }
  return { words: [...places].map(([stem, at]) => `'${stem}':${at.join(',')}`).join(' '), length: place };
}

/** The words of a query, each as a `tsquery` of its own. Nothing in `text` works as an operator. O(text). */
export function queryTerms(text: string): string[] {
  return [...new Set(queryWords(text).map(stemOf))].map((stem) => `'${stem}'`);
}

/** Of letters and digits alone, so that no quote or backslash can be in it. */
function stemOf(word: string): string {
  const folded = word
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .slice(0, LONGEST);
  return ENGLISH_SPELLING.test(folded) ? stemmer(folded) : folded;
}
