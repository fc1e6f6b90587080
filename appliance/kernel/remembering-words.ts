/** Some megabytes at most. */
const WORDS_KEPT = 50_000;

/**
 * What `work` makes of a word, and of those seen lately from memory: a text repeats its words. What is kept is thrown away when it
 * is full. `work` must answer alike for the same word.
 */
export function rememberingWords(work: (word: string) => string): (word: string) => string {
  const seen = new Map<string, string>();
  return (word) => {
    let made = seen.get(word);
    if (made === undefined) {
      made = work(word);
      if (seen.size >= WORDS_KEPT) seen.clear();
      seen.set(word, made);
    }
    return made;
  };
}
