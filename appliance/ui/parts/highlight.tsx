import type { Markup } from '../../api/markup.ts';

const WORD = /[\p{L}\p{N}]+/gu;
/** Words this short mark too much. */
const SHORTEST = 4;
const WORDS = 50;

/** The text with the words of a question marked, also where they end otherwise (`notice` in `notices`). */
export function highlighted(text: string, question: string): Markup {
  const beginnings = [...question.matchAll(WORD)]
    .map(([word]) => word.toLowerCase())
    .filter((word) => word.length >= SHORTEST)
    .slice(0, WORDS)
    .map((word) => word.slice(0, Math.max(4, word.length - 2)));
  if (beginnings.length === 0) return <>{text}</>;
  const pieces: (string | Markup)[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const lower = word.toLowerCase();
    if (!beginnings.some((beginning) => lower.startsWith(beginning))) continue;
    if (index > from) pieces.push(text.slice(from, index));
    pieces.push(<mark>{word}</mark>);
    from = index + word.length;
  }
  pieces.push(text.slice(from));
  return <>{pieces}</>;
}
