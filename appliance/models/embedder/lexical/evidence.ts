import { mayBeOf, stemIn } from '../../../kernel/stems.ts';
import type { TextLanguage } from '../../../kernel/text-language.ts';
import { stemOf } from './features.ts';
import { tokens } from './tokens.ts';
import { FUNCTION_WEIGHT, wordWeight } from './word-weights.ts';

/**
 * From here on a hit is strong evidence. Chosen on one half of a collection with human judgements, checked on the other:
 * the method and its figures are a record in docs/decisions, and `make bench QUESTION=evidence` prints them anew.
 */
export const STRONG_EVIDENCE = 0.5;

/** Words of the texts that the cosine is compared at: a longer text dilutes the cosine of the same answer. */
const PIVOT_WORDS = 40;
/** How the cosines of answers fell from 40 to 200 words (.46 to .28); beyond `MOST_WORDS` nothing more is made up for. */
const DILUTION = 0.3;
const MOST_WORDS = 250;

/** Words that a question is taken to have besides its own, never found: one word found alone is not the whole answer. */
const UNSEEN_WORDS = 1;

/** Inflected forms that no stemmer brings together: so many letters in common from the first on. */
const FEWEST_COMMON = 5;
const COMMON_SHARE = 0.75;

/**
 * How much a text speaks to a question, 0–1: the geometric mean of two things that fail in different ways. The cosine,
 * made up for the text's length, is high by chance where short texts share a rare word. The share of the question's
 * words that the text holds, each by its prior weight, is high by chance where texts are long. In a text of a known language
 * the forms of a word are one. O(words).
 */
export function lexicalEvidence(
  question: string,
  text: string,
  cosine: number,
  language: TextLanguage | null = null,
): number {
  if (!(cosine > 0)) return 0;
  const words = tokens(text);
  const length = Math.min(words.length, MOST_WORDS);
  const undiluted = Math.min(1, cosine * (length / PIVOT_WORDS) ** DILUTION);
  return Math.sqrt(undiluted * coveredShare(question, words, language));
}

/** Function words tell nothing about what was found, so a question of nothing else is covered by nothing. */
function coveredShare(question: string, words: readonly string[], language: TextLanguage | null): number {
  const stems = new Set(words.map(stemOf));
  const all = [...stems];
  const spoken = (word: string) => (language !== null && mayBeOf(language, word) ? stemIn(language, word) : null);
  const forms = new Set(words.map(spoken));
  const asked = new Map(tokens(question).map((word) => [stemOf(word), word]));
  let whole = UNSEEN_WORDS;
  let covered = 0;
  for (const [stem, word] of asked) {
    const weight = wordWeight(word);
    if (weight <= FUNCTION_WEIGHT) continue;
    whole += weight;
    const form = spoken(word);
    if (stems.has(stem) || (form !== null && forms.has(form)) || all.some((other) => beginAlike(stem, other)))
      covered += weight;
  }
  return covered / whole;
}

function beginAlike(a: string, b: string): boolean {
  const enough = Math.max(FEWEST_COMMON, COMMON_SHARE * Math.max(a.length, b.length));
  if (Math.min(a.length, b.length) < enough) return false;
  let common = 0;
  while (common < a.length && a[common] === b[common]) common += 1;
  return common >= enough;
}
