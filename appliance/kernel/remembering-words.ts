/** Some megabytes at most: no word of a language is as long as the longest that is kept. */
const [WORDS_KEPT, LONGEST] = [50_000, 80];

/**
 * What `work` makes of a word, and of those seen lately from memory: a text repeats its words. What is kept is thrown away when it
 * is full. `work` must answer alike for the same word.
 */
export function rememberingWords(work: (word: string) => string): (word: string) => string {
  const seen = new Map<string, string>();
  return (word) => {
    if (word.length > LONGEST) return work(word);
    let made = seen.get(word);
    if (made === undefined) {
      made = work(word);
      if (seen.size >= WORDS_KEPT) seen.clear();
      seen.set(word, made);
    }
    return made;
  };
}
