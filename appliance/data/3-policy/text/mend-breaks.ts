import { MONTH } from '../pii/patterns/months.ts';

/**
 * A text in which values that the end of a line broke are whole again (`536-22-⏎8145`, `dana@⏎example.com`), with the
 * way back. Paragraphs that were re-flowed have a space where the line ended, so a space counts as well where no writer
 * puts one: behind the hyphen or stroke of a number.
 */
export interface MendedText {
  text: string;
  /** Offsets in the text as it was. */
  toBroken(start: number, end: number): [number, number];
  /** How many breaks [start, end) goes over: that were closed, and that became a space. */
  crosses(start: number, end: number): { closed: number; spaced: number };
}

interface Seam {
  /** Where it is in the mended text: between the characters before and at this offset. */
  at: number;
  /** Characters of the broken text up to it that the mended text lacks. */
  dropped: number;
  /** A space stands in its place. */
  spaced: boolean;
}

/** White space that may be the end of a line. Bounded, so that a blank page is no work. */
const BREAK = /[ \t]{0,8}(?:\r\n|[\n-\r\u0085\u2028\u2029])[ \t]{0,8}|[ \t]{1,2}/g;
/** How far a value reaches from the break, at most. */
const REACH = 64;

type Place = readonly [before: RegExp, after: RegExp];

/** Where no writer puts a space. */
const CLOSED: readonly Place[] = [
  // Behind the separator of a number, or before it.
  [/\d[-/]$/, /^\d/],
  [/\d$/, /^[-/]\d/],
  // Around the @ of an address, and before what ends its domain.
  [/[\p{L}\p{N}]@$/u, /^[\p{L}\p{N}]/u],
  [/[\p{L}\p{N}]$/u, /^@[\p{L}\p{N}]/u],
  [/[\p{L}\p{N}]@[\p{L}\p{N}-]{1,60}\.$/u, /^(?:com|org|net|edu|gov|info|io|eu|[a-z]{2})(?![\p{L}\p{N}])/u],
  [/[\p{L}\p{N}]@[\p{L}\p{N}.-]{1,60}$/u, /^\.\p{Ll}/u],
];
/** The same where a line ends, and only there. */
const CLOSED_LINE: readonly Place[] = [
  [/\d\.$/, /^\d/],
  // Behind the bracketed area of a telephone number.
  [/\(\d{2,5}\)$/, /^\d/],
  [/[\p{L}\p{N}][_+-]$/u, /^[\p{L}\p{N}._+-]{1,60}@[\p{L}\p{N}]/u],
  [/[\p{L}\p{N}]@[\p{L}\p{N}.-]{0,60}-$/u, /^[\p{L}\p{N}.-]{1,60}\.\p{Ll}/u],
];
const MONTH_NEXT = new RegExp(`^(?:of |de )?(?:${MONTH})(?![\\p{L}\\p{N}])`, 'iu');
const MONTH_LAST = new RegExp(`(?<![\\p{L}\\p{N}])(?:${MONTH})\\.?,?(?: de)?$`, 'iu');
const DAY_LAST = new RegExp(`(?<![\\p{L}\\p{N}])(?:${MONTH})\\.? \\d{1,2}(?:st|nd|rd|th)?,?$`, 'iu');
/** The line ends where a space would stand. */
const SPACED_LINE: readonly Place[] = [
  // Between the groups of a long number.
  [/(?:\+\d{1,3}|\d[A-Z\d]{1,5})$/, /^[A-Z\d]{2,5}(?![A-Za-z])/],
  // Between the parts of a date that names its month.
  [/\d(?:st|nd|rd|th|er|º|\.)?(?: of| de)?$/, MONTH_NEXT],
  [MONTH_LAST, /^(?:de )?\d{1,4}(?!\p{L}{3})/u],
  [DAY_LAST, /^\d{4}(?!\d)/],
];

/** Null where no break may have divided a value. O(n). */
export function mendBreaks(broken: string): MendedText | null {
  const parts: string[] = [];
  const seams: Seam[] = [];
  let from = 0;
  let length = 0;
  for (const { 0: gap, index } of broken.matchAll(BREAK)) {
    const end = index + gap.length;
    const before = broken.slice(Math.max(0, index - REACH), index);
    const after = broken.slice(end, end + REACH);
    const how = mending(before, after, gap.includes('\n'));
    if (how === null) continue;
    parts.push(broken.slice(from, index), how);
    length += index - from + how.length;
    seams.push({ at: length, dropped: end - length, spaced: how !== '' });
    from = end;
  }
  if (seams.length === 0) return null;
  parts.push(broken.slice(from));
  const text = parts.join('');
  return {
    text,
    toBroken: (start, end) => [toBroken(seams, start), toBroken(seams, end - 1) + 1],
    crosses(start, end) {
      const over = { closed: 0, spaced: 0 };
      for (let n = lastUpTo(seams, start) + 1; n < seams.length && seams[n]!.at < end; n++) {
        if (seams[n]!.spaced) over.spaced += 1;
        else over.closed += 1;
      }
      return over;
    },
  };
}

/** What stands in place of a break; null where it stays. */
function mending(before: string, after: string, isLineEnd: boolean): '' | ' ' | null {
  if (before === '' || after === '') return null;
  const isOne = ([left, right]: Place) => right.test(after) && left.test(before);
  if (CLOSED.some(isOne)) return '';
  if (!isLineEnd) return null;
  if (CLOSED_LINE.some(isOne)) return '';
  return SPACED_LINE.some(isOne) ? ' ' : null;
}

/** The offset of a character of the mended text in the broken one. */
function toBroken(seams: readonly Seam[], at: number): number {
  const last = lastUpTo(seams, at);
  return at + (last < 0 ? 0 : seams[last]!.dropped);
}

/** The last seam at or before an offset, or -1. */
function lastUpTo(seams: readonly Seam[], at: number): number {
  let low = 0;
  let high = seams.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seams[middle]!.at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
