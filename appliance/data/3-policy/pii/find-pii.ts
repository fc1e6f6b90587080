import type { PiiType } from '../../enriched.ts';
import type { FindPii, PiiSpan } from '../gate.ts';
import { type MappedText, mapText } from '../text/mapped-text.ts';
import { findAddresses } from './find-addresses.ts';
import { findBroken } from './find-broken.ts';
import { findNames } from './find-names.ts';
import { matchPatterns } from './match-patterns.ts';
import { resolveOverlaps } from './resolve-overlaps.ts';

/**
 * PII of the wanted types in a text: UTF-16 offsets, sorted, disjoint, never splitting a surrogate pair (spec 2 C).
 * All pattern types are always looked for, since the best reading of a number decides its type; only wanted ones are
 * reported. Names and addresses, which cost more, run when one of the two is wanted. Deterministic; O(n log n).
 */
export const findPii: FindPii = (text, types) => {
  if (text.length === 0 || types.length === 0) return [];
  const wanted = new Set<PiiType>(types);
  const mapped = mapText(text);
  const plain = matchPatterns(mapped.text);
  const candidates: PiiSpan[] = [...plain, ...findBroken(mapped.text, plain)];
  if (wanted.has('NAME') || wanted.has('ADDRESS')) candidates.push(...findAddresses(mapped.text));
  if (wanted.has('NAME')) candidates.push(...findNames(mapped.text));
  const spans = resolveOverlaps(mapped.text, candidates).filter((span) => wanted.has(span.type));
  return spans.map((span) => original(mapped, span));
};

function original(mapped: MappedText, span: PiiSpan): PiiSpan {
  const [start, end] = mapped.toOriginal(span.start, span.end);
  return { type: span.type, start, end, confidence: Math.round(span.confidence * 100) / 100 };
}
