import type { PiiSpan } from '../gate.ts';
import { CHECKS } from './checks.ts';
import { ACCOUNT_ROWS } from './patterns/account-rows.ts';
import { CONTACT_ROWS } from './patterns/contact-rows.ts';
import { CONTEXTS, type ContextName } from './patterns/contexts.ts';
import { DOCUMENT_ROWS } from './patterns/document-rows.ts';
import { IDENTITY_ROWS } from './patterns/identity-rows.ts';
import type { PatternRow } from './patterns/row.ts';

const ROWS: readonly PatternRow[] = [...CONTACT_ROWS, ...IDENTITY_ROWS, ...ACCOUNT_ROWS, ...DOCUMENT_ROWS];

/** What a gate reports needs at least this much confidence. */
export const THRESHOLD = 0.5;

/** Whether a match of a row counts, by where it is. */
export type Meant = (row: PatternRow, start: number, end: number) => boolean;

/**
 * All candidates of the pattern tables, unsorted and possibly overlapping; only those at or above the threshold.
 * O(n) for the scan, and a window of at most a hundred characters a match for its context.
 */
export function matchPatterns(text: string, isMeant: Meant = () => true): PiiSpan[] {
  const spans: PiiSpan[] = [];
  for (const row of ROWS) {
    for (const match of text.matchAll(row.pattern)) {
      const value = match[0];
      const start = match.index;
      const end = start + value.length;
      if (!isMeant(row, start, end)) continue;
      if (row.check && !CHECKS[row.check](value)) continue;
      if (row.unless && nearby(text, start, end, row.unless)) continue;
      let confidence = row.confidence;
      if (confidence + (row.boost ?? 0) < THRESHOLD) continue;
      if (row.context && nearby(text, start, end, row.context)) confidence += row.boost ?? 0;
      if (confidence >= THRESHOLD) spans.push({ type: row.type, start, end, confidence: Math.min(confidence, 0.99) });
    }
  }
  return spans;
}

const CONTEXT_PATTERNS = Object.fromEntries(
  Object.entries(CONTEXTS).map(([name, row]) => [name, contextPattern(row.words)]),
) as Record<ContextName, RegExp>;

function contextPattern(words: readonly string[]): RegExp {
  const alternatives = [...words]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.+?()[\]{}|^$\\/]/g, '\\$&').replace(/\*$/, '\\p{L}*'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
}

/** Whether a context word of that name stands within its window around a match. */
export function nearby(text: string, start: number, end: number, name: ContextName): boolean {
  const { before, after } = CONTEXTS[name];
  const pattern = CONTEXT_PATTERNS[name];
  if (pattern.test(text.slice(Math.max(0, start - before), start))) return true;
  return after > 0 && pattern.test(text.slice(end, end + after));
}

/** Whether a label, such as a column's header, holds a context word of that name. */
export function contextMatches(label: string, name: ContextName): boolean {
  return CONTEXT_PATTERNS[name].test(label.slice(0, 200));
}
