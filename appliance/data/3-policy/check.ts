import { PII_TYPES, type PiiType } from '../enriched.ts';
import type { InjectionCategory } from './gate.ts';
import { scoreInjection } from './injection/score-injection.ts';
import { findPii } from './pii/find-pii.ts';
import { DEFAULT_POLICY_CONFIG, injectionAction } from './policy-config.ts';

export interface CheckedText {
  id: string;
  pii: { type: PiiType; start: number; end: number }[];
  injection: { score: number; action: 'pass' | 'flag' | 'quarantine'; patterns: InjectionCategory[] };
}

/**
 * One text through the PII and injection gates, with all ten types and the default thresholds: a line of
 * `frostbyte policy check --jsonl` (spec 2 B). Gives positions and category names, never the matched text.
 */
export function checkText(input: { id: string; text: string }): CheckedText {
  const { score, patterns } = scoreInjection(input.text);
  return {
    id: input.id,
    pii: findPii(input.text, PII_TYPES).map(({ type, start, end }) => ({ type, start, end })),
    injection: { score, action: injectionAction(score, DEFAULT_POLICY_CONFIG), patterns },
  };
}

/** Several texts, in order. */
export function checkTexts(inputs: Iterable<{ id: string; text: string }>): CheckedText[] {
  return Array.from(inputs, checkText);
}
