import { stemmer } from 'stemmer';
import { rememberingWords } from '../../../kernel/remembering-words.ts';
import { TEXT_LANGUAGES, type TextLanguage } from '../../../kernel/text-language.ts';
import { withoutAccents } from '../../../kernel/without-accents.ts';
import { queryTermsIn, termsOf } from '../rules/language-terms.ts';
import { queryWords, wordsOf } from '../rules/query-words.ts';

/**
 * Words as full text knows them: without case and accents, by the stem of their text's language, as the embedded store has them.
 * The server's own parser is not asked: it takes `a/b`, `x-y` and addresses for words of other kinds, its dictionaries depend
 * on how it was built, and both sides must always agree.
 */

/** The Porter stemmer knows only English spelling. */
const ENGLISH_SPELLING = /^[a-z]{3,64}$/;
/** The server refuses longer ones. What is cut here is cut in the query too. */
const LONGEST = 250;

/** Of letters and digits alone, so that no quote or backslash can be in it. A stem of another language is one already. */
const stemOf = rememberingWords((word) => {
  const folded = withoutAccents(word).slice(0, LONGEST);
  return ENGLISH_SPELLING.test(folded) ? stemmer(folded) : folded;
});

/**
 * A text's words as a `tsvector`, those of the title with weight A, and how many there are. Where the text has no `language`,
 * they are cut as English is. O(text).
 */
export function indexedWords(
  text: string,
  title: string,
  language: TextLanguage | null = null,
): { words: string; length: number } {
  const places = new Map<string, string[]>();
  let place = 0;
  for (const [part, weight] of [
    [text, ''],
    [title, 'A'],
  ] as const) {
    for (const word of language === null ? wordsOf(part) : termsOf(part, language)) {
      place += 1;
      const stem = stemOf(word);
      const known = places.get(stem);
      if (known) known.push(`${place}${weight}`);
      else places.set(stem, [`${place}${weight}`]);
    }
  }
  return { words: [...places].map(([stem, at]) => `'${stem}':${at.join(',')}`).join(' '), length: place };
}

/** A word of a query as texts have it: `language` is null for those that are cut as English is. */
export interface QueryTerm {
  /** A `tsquery` of its own. */
  term: string;
  language: TextLanguage | null;
}

/**
 * The words of a query, each as it is in texts of each language, once. Nothing in `text` works as an operator.
 * O(text × languages).
 */
export function queryTerms(text: string): QueryTerm[] {
  const terms = new Map<string, QueryTerm>();
  const add = (word: string, language: TextLanguage | null): void => {
    const term = `'${stemOf(word)}'`;
    if (!terms.has(term)) terms.set(term, { term, language });
  };
  for (const word of queryWords(text)) add(word, null);
  for (const language of TEXT_LANGUAGES) for (const word of queryTermsIn(text, language)) add(word, language);
  return [...terms.values()];
}
