import type { PiiSpan } from '../gate.ts';

/**
 * Replaces spans by `[REDACTED:TYPE]` (spec 2 C). The spans must be sorted, disjoint and inside the text, as `findPii`
 * gives them. O(n).
 */
export function redact(text: string, spans: readonly Pick<PiiSpan, 'type' | 'start' | 'end'>[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const span of spans) {
    if (span.start < at || span.end < span.start || span.end > text.length) {
      throw new RangeError('spans must be sorted, disjoint and inside the text');
    }
    parts.push(text.slice(at, span.start), `[REDACTED:${span.type}]`);
    at = span.end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
