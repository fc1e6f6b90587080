import type { TextLanguage } from '../../../kernel/text-language.ts';
import { isCommon } from './common-words.ts';

/** Words a query may have; more would only cost time, since each is one more list to merge. */
const MOST_WORDS = 64;

/** Words of plain ASCII are found by a plain expression: the same ones, several times as fast. */
const PLAIN = /^[\0-\x7f]*$/;

/** The words of a text in their order, in lower case, as it writes them. A mark alone is no word. O(text). */
export function wordsOf(text: string): string[] {
  if (PLAIN.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .match(/[\p{L}\p{N}\p{M}\p{Co}]+/gu);
  return (words ?? []).filter((word) => /[\p{L}\p{N}\p{Co}]/u.test(word));
}

/**
 * The telling words of a query, each once; the common ones where there are no others. Which are common depends on the
 * language of the texts that it is put to: null for those that are cut as English is. O(text).
 */
export function queryWords(text: string, language: TextLanguage | null = null): string[] {
  const words = [...new Set(wordsOf(text))];
  const telling = words.filter((word) => !isCommon(word, language));
  return (telling.length > 0 ? telling : words).slice(0, MOST_WORDS);
}
