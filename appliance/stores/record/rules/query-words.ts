import type { TextLanguage } from '../../../kernel/text-language.ts';
import { isCommon } from './common-words.ts';

/** Words a query may have; more would only cost time, since each is one more list to merge. */
const MOST_WORDS = 64;

/** The words of a text in their order, in lower case, as it writes them. A mark alone is no word. O(text). */
export function* wordsOf(text: string): Generator<string> {
  for (const [word] of text
    .normalize('NFC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}\p{M}\p{Co}]+/gu)) {
    if (/[\p{L}\p{N}\p{Co}]/u.test(word)) yield word;
  }
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
