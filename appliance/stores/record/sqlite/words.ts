/** Words a query may have; more would only cost time, since each is one more list to merge. */
const MOST_WORDS = 64;

/**
 * English words that stand in nearly every chunk. They rank nothing and make a query read every list, so they are left
 * out while other words remain.
 */
const COMMON: ReadonlySet<string> = new Set(
  'a an and are as at be been but by can could did do does for from had has have how if in into is it its may not of on or our shall should so such than that the their them then there these they this to under us was we were what when where which who why will with would you your'.split(
    ' ',
  ),
);

/**
 * Plain words as an FTS5 expression: each word quoted, joined by OR, so that nothing in `text` works as an operator,
 * prefix or column filter. Null when there is no word in it. O(text).
 */
export function matchExpression(text: string): string | null {
  const words = new Set<string>();
  for (const [word] of text
    .normalize('NFC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}\p{M}\p{Co}]+/gu)) {
    if (/[\p{L}\p{N}\p{Co}]/u.test(word)) words.add(word);
  }
  const telling = [...words].filter((word) => !COMMON.has(word));
  const chosen = (telling.length > 0 ? telling : [...words]).slice(0, MOST_WORDS);
  return chosen.length === 0 ? null : chosen.map((word) => `"${word}"`).join(' OR ');
}
