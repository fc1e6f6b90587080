import type { PiiSpan } from '../gate.ts';
import { mendBreaks } from '../text/mend-breaks.ts';
import type { CheckName } from './checks.ts';
import { contextMatches, matchPatterns } from './match-patterns.ts';
import type { PatternRow } from './patterns/row.ts';

/** Arithmetic that numbers which only happen to follow each other do not satisfy. */
const TELLING: ReadonlySet<CheckName> = new Set<CheckName>(['card', 'iban', 'norwegianAccount', 'internationalPhone']);
/** A label reaches this far before its value. */
const LABEL = 32;

/**
 * Values that the end of a line divides: what the pattern tables find over a break that was mended. Over a break that
 * became a space, where a column of numbers has one on every line, only what its own arithmetic confirms, a date, and
 * what a label on the same line names; of the last nothing that goes on behind a value that is whole (`plain`). O(n).
 */
export function findBroken(text: string, plain: readonly PiiSpan[]): PiiSpan[] {
  const mended = mendBreaks(text);
  if (mended === null) return [];
  const wholes = [...plain].sort((a, b) => a.start - b.start);
  const isMeant = (row: PatternRow, start: number, end: number): boolean => {
    const { closed, spaced } = mended.crosses(start, end);
    if (spaced === 0) return closed > 0;
    if ((row.check !== undefined && TELLING.has(row.check)) || row.type === 'DOB') return true;
    return spaced === 1 && isLabelled(mended.text, start, row) && !holdsOne(wholes, row, mended.toBroken(start, end));
  };
  return matchPatterns(mended.text, isMeant).map((span) => {
    const [start, end] = mended.toBroken(span.start, span.end);
    return { ...span, start, end };
  });
}

/** Whether the line names what it is, right before it. */
function isLabelled(text: string, start: number, { context }: PatternRow): boolean {
  if (context === undefined) return false;
  const before = text.slice(Math.max(0, start - LABEL), start);
  return contextMatches(before.slice(before.lastIndexOf('\n') + 1), context);
}

/** Whether a value of the row's type lies whole in [start, end). O(log n + m) for m that begin in there. */
function holdsOne(wholes: readonly PiiSpan[], { type }: PatternRow, [start, end]: [number, number]): boolean {
  let low = 0;
  let high = wholes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wholes[middle]!.start < start) low = middle + 1;
    else high = middle;
  }
  for (; low < wholes.length && wholes[low]!.start < end; low++) if (wholes[low]!.type === type) return true;
  return false;
}
