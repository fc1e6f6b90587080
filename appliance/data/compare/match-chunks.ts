import type { Box, Chunk } from '../document.ts';
import { inOrder } from './same-order.ts';
import { likeness, type Word, wordsOf } from './words.ts';

/**
 * What became of a chunk between two versions. `stayed`: the same text, of the same kind, at its place. `moved`: the same on
 * another page, elsewhere on its page, or past others. `changed`: another text or kind in its stead. `came`, `went`: in one of them alone.
 */
export type ChangeKind = 'stayed' | 'moved' | 'changed' | 'came' | 'went';

export interface Match<C> {
  kind: ChangeKind;
  before: C | null;
  after: C | null;
}

type Compared = Pick<Chunk, 'text' | 'page' | 'element_type' | 'boxes'>;

/** From here on two texts are taken for versions of one another: half of a paragraph that was cut in two still is. */
const LIKE = 0.5;
/** How many chunks that have no equal are held against one, the nearest first. */
const NEAREST = 24;
/** Points by which a rectangle may be off and still be the same place: less than a line. */
const SAME_PLACE = 4;

/**
 * Pairs the chunks of two versions, each of them once, in the order of the later one with what went at its old place. First
 * those of the same text, then the rest by how many words they share. `samePages`: both are read from the same file, so that
 * a place on a page means the same in both. O(n log n + n · words).
 */
export function matchChunks<C extends Compared>(
  before: readonly C[],
  after: readonly C[],
  { samePages }: { samePages: boolean },
): Match<C>[] {
  const partner = new Map<number, number>();
  const equal = equalTexts(before, after);
  const kept = inOrder(equal.map(([, old]) => old));
  const moved = new Set<number>();
  for (const [at, [now, old]] of equal.entries()) {
    partner.set(now, old);
    if (!kept.has(at) || isElsewhere(before[old]!, after[now]!, samePages)) moved.add(now);
  }
  for (const [now, old] of alike(before, after, partner)) partner.set(now, old);
  const matches = after.map((chunk, now): Match<C> => {
    const old = partner.get(now);
    if (old === undefined) return { kind: 'came', before: null, after: chunk };
    const was = before[old]!;
    const isSame = was.text === chunk.text && was.element_type === chunk.element_type;
    return { kind: isSame ? (moved.has(now) ? 'moved' : 'stayed') : 'changed', before: was, after: chunk };
  });
  return withGone(matches, before, partner);
}

/** The first of a text with the first of it, the second with the second: [later, earlier], in the later order. */
function equalTexts(before: readonly Compared[], after: readonly Compared[]): [now: number, old: number][] {
  const places = new Map<string, number[]>();
  for (const [at, { text }] of before.entries()) {
    const of = places.get(text);
    if (of === undefined) places.set(text, [at]);
    else of.push(at);
  }
  for (const of of places.values()) of.reverse();
  return after.flatMap(({ text }, now) => {
    const old = places.get(text)?.pop();
    return old === undefined ? [] : [[now, old] as [number, number]];
  });
}

function isElsewhere(before: Compared, after: Compared, samePages: boolean): boolean {
  if (before.page !== after.page) return true;
  if (!samePages) return false;
  const [was, is] = [aroundOf(before.boxes), aroundOf(after.boxes)];
  if (was === null || is === null) return false;
  return (['x', 'y', 'width', 'height'] as const).some((side) => Math.abs(was[side] - is[side]) > SAME_PLACE);
}

/** The rectangle around a chunk's lines; null where it has none. */
function aroundOf(boxes: readonly Box[] | undefined): Box | null {
  if (boxes === undefined || boxes.length === 0) return null;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** Pairs what has no equal with what it is most alike, the best pairs first: [later, earlier]. */
function alike(
  before: readonly Compared[],
  after: readonly Compared[],
  partner: ReadonlyMap<number, number>,
): [now: number, old: number][] {
  const taken = new Set(partner.values());
  const free = before.flatMap((_, old) => (taken.has(old) ? [] : [old]));
  if (free.length === 0) return [];
  const words = new Map(free.map((old) => [old, wordsOf(before[old]!.text)]));
  const candidates: { now: number; old: number; like: number }[] = [];
  let near = 0;
  for (const [now, { text }] of after.entries()) {
    const old = partner.get(now);
    if (old !== undefined) {
      // What follows this one now is looked for behind where this one was.
      near = firstFrom(free, old);
      continue;
    }
    const own: Word[] = wordsOf(text);
    const from = Math.max(0, Math.min(near - NEAREST / 2, free.length - NEAREST));
    for (const other of free.slice(from, from + NEAREST)) {
      const like = likeness(words.get(other)!, own);
      if (like >= LIKE) candidates.push({ now, old: other, like });
    }
  }
  candidates.sort((one, other) => other.like - one.like || one.now - other.now || one.old - other.old);
  const [nows, olds] = [new Set<number>(), new Set<number>()];
  return candidates.flatMap(({ now, old }) => {
    if (nows.has(now) || olds.has(old)) return [];
    nows.add(now);
    olds.add(old);
    return [[now, old] as [number, number]];
  });
}

/** The index of the first number of a rising list that is not below `least`. O(log n). */
function firstFrom(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts what went behind what stood before it in the earlier version. */
function withGone<C>(
  matches: readonly Match<C>[],
  before: readonly C[],
  partner: ReadonlyMap<number, number>,
): Match<C>[] {
  const nowOf = new Map([...partner].map(([now, old]) => [old, now]));
  /** By the place of a later chunk, -1 for the beginning: what went behind it. */
  const behind = new Map<number, Match<C>[]>();
  let last = -1;
  for (const [old, chunk] of before.entries()) {
    const now = nowOf.get(old);
    if (now !== undefined) last = now;
    else {
      const gone = behind.get(last) ?? [];
      gone.push({ kind: 'went', before: chunk, after: null });
      behind.set(last, gone);
    }
  }
  return [...(behind.get(-1) ?? []), ...matches.flatMap((match, now) => [match, ...(behind.get(now) ?? [])])];
}
