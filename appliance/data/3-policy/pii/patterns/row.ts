import type { PiiType } from '../../../enriched.ts';
import type { CheckName } from '../checks.ts';
import type { ContextName } from './contexts.ts';

/**
 * One pattern of the PII tables. A match's confidence is `confidence`, plus `boost` when a context word stands near;
 * what stays below the gate's threshold is not reported.
 *
 * Every expression starts at a token's edge (a lookbehind) and repeats only with an upper bound and without nesting,
 * so scanning is linear in the text.
 */
export interface PatternRow {
  name: string;
  type: PiiType;
  pattern: RegExp;
  confidence: number;
  /** Name of the arithmetic that the match must satisfy. */
  check?: CheckName;
  /** Words that make the reading likely; see `contexts.ts`. */
  context?: ContextName;
  boost?: number;
  /** Words that make it unlikely: the match is dropped when one stands right before it. */
  unless?: ContextName;
}
