import { mayBeOf, stemIn } from '../../../kernel/stems.ts';
import type { TextLanguage } from '../../../kernel/text-language.ts';
import { withoutAccents } from '../../../kernel/without-accents.ts';
import { queryWords, wordsOf } from './query-words.ts';

/**
 * What stands behind a stem and says of which language it is, so that stems of two languages that are spelled alike, or one and a
 * word of English, are never taken for each other. Characters for private use, which both stores take for letters: FTS5's
 * tokenizer keeps them, and its Porter stemmer finds no ending behind which one stands. They lie in the tenants' files and
 * databases: one that was given away never means another language.
 */
const MARKS: Readonly<Record<TextLanguage, string>> = Object.freeze({
  da: '\ue7c0',
  de: '\ue7c1',
  es: '\ue7c2',
  fi: '\ue7c3',
  fr: '\ue7c4',
  hu: '\ue7c5',
  it: '\ue7c6',
  nl: '\ue7c7',
  no: '\ue7c8',
  pt: '\ue7c9',
  ro: '\ue7ca',
  ru: '\ue7cb',
  sv: '\ue7cc',
});

/** The terms by which a text of a language is found, in its order. O(text). */
export function termsOf(text: string, language: TextLanguage): string[] {
  return wordsOf(text).flatMap((word) => formsOf(word, language));
}

/**
 * The terms that a query's telling words have in texts of a language alone, each once. Numbers, codes and words of other scripts
 * have none: they are in every text what they are. O(text).
 */
export function queryTermsIn(text: string, language: TextLanguage): string[] {
  const words = queryWords(text, language).filter((word) => mayBeOf(language, word));
  return [...new Set(words.flatMap((word) => formsOf(word, language)))];
}

/**
 * The terms of a word: its marked stem without accents, and where the stemmer minds accents (`operación` it knows, `operacion` it
 * does not) that of the word without them beside it, so that whoever leaves them out finds it too. A number or a code is
 * itself in every language, so that it is as rare as it is in all texts.
 */
function formsOf(word: string, language: TextLanguage): string[] {
  if (!mayBeOf(language, word)) return [word];
  const plain = withoutAccents(word);
  const stem = withoutAccents(stemIn(language, word));
  const bare = plain === word ? stem : withoutAccents(stemIn(language, plain));
  return (stem === bare ? [stem] : [stem, bare]).map((form) => form + MARKS[language]);
}
