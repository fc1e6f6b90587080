import type { Classification, PiiType } from '../enriched.ts';

/**
 * What the three gates answer about one text. Gate results name types and pattern categories, never the matched text.
 * All gates are pure and deterministic: the same text, patterns and thresholds give the same answer (spec 2 C).
 */

/** A span of PII in a text, UTF-16 offsets, end exclusive. Spans of one answer do not overlap and are sorted. */
export interface PiiSpan {
  type: PiiType;
  start: number;
  end: number;
  /** 0–1; spans below the gate's own threshold are not reported. */
  confidence: number;
}

/** Finds PII of the wanted types. */
export type FindPii = (text: string, types: readonly PiiType[]) => PiiSpan[];

export interface ClassificationInput {
  filename: string;
  headings: string[];
  /** Visible text of the document, in reading order. */
  text: string;
}

/** Another class that the text could be of. */
export interface Alternative {
  classification: Classification;
  /** 0–1, by the statistical classifier. */
  confidence: number;
}

export interface ClassificationResult {
  classification: Classification;
  /** 0–1. */
  confidence: number;
  /** The likeliest others, best first: what a person may want to choose from. */
  alternatives: Alternative[];
  /** `rules` when a rule decided, `model` when the statistical classifier did. */
  decidedBy: 'rules' | 'model';
  version: string;
}

export type Classify = (input: ClassificationInput) => ClassificationResult;

export const INJECTION_CATEGORIES = [
  'direct_override',
  'role_assumption',
  'prompt_leak',
  'delimiter_injection',
  'generic_override',
  'jailbreak',
  'multi_turn',
  'obfuscation',
  'model_imperative',
  'second_person_command',
  'hidden_text',
] as const;
export type InjectionCategory = (typeof INJECTION_CATEGORIES)[number];

export interface InjectionResult {
  /** 0–1, two decimals. */
  score: number;
  patterns: InjectionCategory[];
}

export interface InjectionOptions {
  /** True for text that the parser found hidden from readers: instructions in it are strong evidence by themselves. */
  hidden?: boolean;
}

export type ScoreInjection = (text: string, options?: InjectionOptions) => InjectionResult;
