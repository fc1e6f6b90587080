import type { PiiSpan } from '../gate.ts';
import { mendBreaks } from '../text/mend-breaks.ts';
import type { CheckName } from './checks.ts';
import { matchPatterns } from './match-patterns.ts';
import type { PatternRow } from './patterns/row.ts';

/** Arithmetic that numbers which only happen to follow each other do not satisfy. */
const TELLING: ReadonlySet<CheckName> = new Set<CheckName>(['card', 'iban', 'norwegianAccount', 'internationalPhone']);

/**
 * Values that the end of a line divides: what the pattern tables find over a break that was mended. Over a break that
 * became a space, where a column of numbers has one on every line, only what its own arithmetic confirms. O(n).
 */
export function findBroken(text: string): PiiSpan[] {
  const mended = mendBreaks(text);
  if (mended === null) return [];
  const isMeant = ({ check }: PatternRow, start: number, end: number): boolean => {
    const { closed, spaced } = mended.crosses(start, end);
    if (spaced) return check !== undefined && TELLING.has(check);
    return closed;
  };
  return matchPatterns(mended.text, isMeant).map((span) => {
    const [start, end] = mended.toBroken(span.start, span.end);
    return { ...span, start, end };
  });
}
