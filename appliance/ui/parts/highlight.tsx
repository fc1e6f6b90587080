import type { Markup } from '../../api/markup.ts';
import { withoutAccents } from '../../kernel/without-accents.ts';

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
/** Words this short mark too much. */
const SHORTEST = 4;
const WORDS = 50;
/** Letters that a form of a word may have more than the word itself (`taloissa`, `talo`). */
const ENDING = 4;

/**
 * The text with the words of a question marked, also where they end otherwise (`notice` in `notices`, `Verträge` in `Vertrags`)
 * or are written without their accents.
 */
export function highlighted(text: string, question: string): Markup {
  const asked = [...question.normalize('NFC').matchAll(WORD)]
    .map(([word]) => folded(word))
    .filter((word) => word.length >= SHORTEST)
    .slice(0, WORDS);
  if (asked.length === 0) return <>{text}</>;
  const pieces: (string | Markup)[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const plain = folded(word);
    if (!asked.some((one) => isFormOf(plain, one))) continue;
    if (index > from) pieces.push(text.slice(from, index));
    pieces.push(<mark>{word}</mark>);
    from = index + word.length;
  }
  pieces.push(text.slice(from));
  return <>{pieces}</>;
}

const folded = (word: string): string => withoutAccents(word.toLowerCase());

/** Whether a word begins as the asked one does but for its last two letters, or is nearly all of its beginning. */
function isFormOf(word: string, asked: string): boolean {
  if (word.startsWith(asked.slice(0, Math.max(SHORTEST, asked.length - 2)))) return true;
  return word.length >= SHORTEST && asked.length - word.length <= ENDING && asked.startsWith(word);
}
