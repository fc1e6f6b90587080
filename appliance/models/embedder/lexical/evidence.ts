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

/** Inflected forms, of which the stemmer knows the English ones alone: so many letters in common from the first on. */
const FEWEST_COMMON = 5;
const COMMON_SHARE = 0.75;

/**
 * How much a text speaks to a question, 0–1: the geometric mean of two things that fail in different ways. The cosine,
 * made up for the text's length, is high by chance where short texts share a rare word. The share of the question's
 * words that the text holds, each by its prior weight, is high by chance where texts are long. O(words).
 */
export function lexicalEvidence(question: string, text: string, cosine: number): number {
  if (!(cosine > 0)) return 0;
  const words = tokens(text);
  const length = Math.min(words.length, MOST_WORDS);
  const undiluted = Math.min(1, cosine * (length / PIVOT_WORDS) ** DILUTION);
  return Math.sqrt(undiluted * coveredShare(question, new Set(words.map(stemOf))));
}

/** Function words tell nothing about what was found, so a question of nothing else is covered by nothing. */
function coveredShare(question: string, stems: ReadonlySet<string>): number {
  const all = [...stems];
  const asked = new Map(tokens(question).map((word) => [stemOf(word), wordWeight(word)]));
  let whole = UNSEEN_WORDS;
  let covered = 0;
  for (const [stem, weight] of asked) {
    if (weight <= FUNCTION_WEIGHT) continue;
    whole += weight;
    if (stems.has(stem) || all.some((other) => beginAlike(stem, other))) covered += weight;
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
