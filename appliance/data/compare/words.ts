/** Words of a text as two versions of it are compared by them: where each stands, in UTF-16 units, and what it is. */
export interface Word {
  text: string;
  start: number;
  end: number;
}

/** Numbers with their separators are one word: of an amount that changed nothing is as it was. */
const WORD = /[\p{L}\p{N}\p{M}]+(?:[.,:/'’-][\p{L}\p{N}\p{M}]+)*/gu;

/** A text of 2,400 characters has some 500 words; beyond a square of this many what differs is marked as a whole. */
const MOST_CELLS = 2_000_000;

export function wordsOf(text: string): Word[] {
  return Array.from(text.matchAll(WORD), (match) => ({
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** How much of their words two texts share, whatever their order: 0 none, 1 all. O(words). */
export function likeness(one: readonly Word[], other: readonly Word[]): number {
  if (one.length + other.length === 0) return 0;
  const counts = new Map<string, number>();
  for (const { text } of one) counts.set(text, (counts.get(text) ?? 0) + 1);
  let shared = 0;
  for (const { text } of other) {
    const left = counts.get(text) ?? 0;
    if (left === 0) continue;
    counts.set(text, left - 1);
    shared += 1;
  }
  return (2 * shared) / (one.length + other.length);
}

export interface WordChanges {
  /** Words of the later text that the earlier one has not at their place, neighbours joined: [start, end) in UTF-16 units. */
  added: [start: number, end: number][];
  /** How many words of the earlier one are gone. */
  gone: number;
}

/** What is new in a text: its words outside of a longest common subsequence with those before. O(n · m), bounded. */
export function wordChanges(before: readonly Word[], after: readonly Word[]): WordChanges {
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head]!.text === after[head]!.text) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail)!.text === after.at(-1 - tail)!.text) tail++;
  const [old, now] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  const kept = old.length * now.length > MOST_CELLS ? new Set<number>() : commonOf(old, now);
  const added: WordChanges['added'] = [];
  let isNew = false;
  for (const [at, { start, end }] of now.entries()) {
    const wasNew = isNew;
    isNew = !kept.has(at);
    if (isNew && wasNew) added.at(-1)![1] = end;
    else if (isNew) added.push([start, end]);
  }
  return { added, gone: old.length - kept.size };
}

/** Indexes of the later words that belong to a longest common subsequence. */
function commonOf(old: readonly Word[], now: readonly Word[]): Set<number> {
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i]!.text === now[j]!.text
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const kept = new Set<number>();
  for (let [i, j] = [0, 0]; i < old.length && j < now.length; ) {
    if (old[i]!.text === now[j]!.text) {
      kept.add(j);
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return kept;
}
