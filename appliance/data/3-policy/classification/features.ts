/**
 * The words a document is judged by: lower case, three letters and more, digits as one class; single words and pairs
 * of neighbours. Only the first part of a long text is read: what a document is shows early. O(n) up to the limit.
 */
export const TEXT_LIMIT = 20_000;

/** Features of a text with their number of occurrences. */
export function features(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  let previous = '';
  for (const match of text
    .slice(0, TEXT_LIMIT)
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}§]{1,24}/gu)) {
    const word = match[0];
    if (word.length < 3 && word !== '§') {
      previous = '';
      continue;
    }
    counts.set(word, (counts.get(word) ?? 0) + 1);
    if (previous !== '') counts.set(`${previous} ${word}`, (counts.get(`${previous} ${word}`) ?? 0) + 1);
    previous = word;
  }
  return counts;
}
