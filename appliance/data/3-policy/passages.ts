import { createHash } from 'node:crypto';

/**
 * What a text is known by where another parser cuts it elsewhere: its runs of six words, hashed. Words alone count, without
 * case, punctuation and line breaks.
 */

const RUN = 6;
/** Shorter ones are in too many texts. */
const SHORTEST = 3;
/** Bytes of a hash: enough that no run of a document is taken for another. */
const HASH_BYTES = 8;

/**
 * The passages of `texts` that none of `others` holds, so that a heading or a formula which the whole document repeats
 * stands for nothing. O(words).
 */
export function passagesOf(texts: readonly string[], others: readonly string[]): string[] {
  const found = new Set(texts.flatMap((text) => [...runs(wordsOf(text), lengthOf(text))]));
  if (found.size === 0) return [];
  const lengths = lengthsOf(found);
  for (const other of others) for (const run of runsOf(other, lengths)) found.delete(run);
  return [...found];
}

/** Whether a text holds one of these passages. O(words). */
export function holdsPassage(text: string, passages: ReadonlySet<string>): boolean {
  for (const run of runsOf(text, lengthsOf(passages))) if (passages.has(run)) return true;
  return false;
}

/** As long as its runs are: a short text is one run. */
const lengthOf = (text: string): number => Math.min(RUN, wordsOf(text).length);

/** A passage says how many words it has, so that what it is looked for in is cut alike. */
const lengthsOf = (passages: ReadonlySet<string>): ReadonlySet<number> =>
  new Set([...passages].map((passage) => Number(passage.split(':')[0])));

function* runsOf(text: string, lengths: ReadonlySet<number>): Iterable<string> {
  const words = wordsOf(text);
  for (const length of lengths) yield* runs(words, length);
}

function* runs(words: readonly string[], length: number): Iterable<string> {
  if (length < SHORTEST) return;
  for (let at = 0; at + length <= words.length; at++) {
    const hash = createHash('sha256').update(words.slice(at, at + length).join(' '));
    yield `${length}:${hash.digest('hex').slice(0, 2 * HASH_BYTES)}`;
  }
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
