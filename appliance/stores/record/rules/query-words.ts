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

/** The telling words of a query, each once; the common ones where there are no others. O(text). */
export function queryWords(text: string): string[] {
  const words = new Set(wordsOf(text));
  const telling = [...words].filter((word) => !COMMON.has(word));
  return (telling.length > 0 ? telling : [...words]).slice(0, MOST_WORDS);
}
