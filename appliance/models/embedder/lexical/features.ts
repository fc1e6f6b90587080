import { stemmer } from 'stemmer';
import { rememberingWords } from '../../../kernel/remembering-words.ts';
import { tokens } from './tokens.ts';
import { FUNCTION_WEIGHT, wordWeight } from './word-weights.ts';

/** One thing a text contains: how often, and how much one occurrence tells. */
export interface Feature {
  count: number;
  weight: number;
}

/** Words, pairs of neighbouring words, pieces of words. Kept apart, so that equal strings of two kinds never meet. */
export interface Features {
  words: Map<string, Feature>;
  pairs: Map<string, Feature>;
  pieces: Map<string, Feature>;
}

const PAIR_WEIGHT = 0.4;
/** All pieces of one word together weigh this much (in squares): enough to find a misspelt or compound word. */
const PIECE_WEIGHT = 0.7;
const PIECE_LENGTH = 4;
const SHORTEST_WITH_PIECES = 4;

/** The Porter stemmer knows only English spelling; it is asked only about words that could be English. */
const ENGLISH_SPELLING = /^[a-z]{3,}$/;

/**
 * The features of a text, in the order of their first occurrence, which fixes the order of every later sum. O(n).
 */
export function featuresOf(text: string): Features {
  const words = new Map<string, Feature>();
  const pairs = new Map<string, Feature>();
  const pieces = new Map<string, Feature>();
  let before: { stem: string; weight: number } | null = null;
  for (const word of tokens(text)) {
    const weight = wordWeight(word);
    const stem = stemOf(word);
    add(words, stem, weight);
    // Function words neither make pairs nor part them: "bill of lading" is the pair bill, lading.
    if (weight <= FUNCTION_WEIGHT) continue;
    if (before !== null) add(pairs, `${before.stem} ${stem}`, PAIR_WEIGHT * Math.sqrt(before.weight * weight));
    before = { stem, weight };
    if (stem.length >= SHORTEST_WITH_PIECES) addPieces(pieces, stem, weight);
  }
  return { words, pairs, pieces };
}

function addPieces(pieces: Map<string, Feature>, stem: string, weight: number): void {
  const framed = `^${stem}$`;
  const number = framed.length - PIECE_LENGTH + 1;
  const share = (PIECE_WEIGHT * weight) / Math.sqrt(number);
  for (let at = 0; at < number; at++) add(pieces, framed.slice(at, at + PIECE_LENGTH), share);
}

function add(features: Map<string, Feature>, name: string, weight: number): void {
  const known = features.get(name);
  if (known === undefined) features.set(name, { count: 1, weight });
  else known.count++;
}

/** A folded word's stem, as features and evidence know it: stemming is the dearest step. */
export const stemOf = rememberingWords((word) => (ENGLISH_SPELLING.test(word) ? stemmer(word) : word));
