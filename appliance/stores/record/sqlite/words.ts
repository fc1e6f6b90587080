import { queryWords } from '../rules/query-words.ts';

/**
 * Plain words as an FTS5 expression: each word quoted, joined by OR, so that nothing in `text` works as an operator,
 * prefix or column filter. Null when there is no word in it. O(text).
 */
export function matchExpression(text: string): string | null {
  const chosen = queryWords(text);
  return chosen.length === 0 ? null : chosen.map((word) => `"${word}"`).join(' OR ');
}
