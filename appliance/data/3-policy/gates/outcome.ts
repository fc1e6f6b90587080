import type { EnrichedChunk } from '../../enriched.ts';

/** What one gate says about itself. Type names, categories, counts and scores, never text. */
export type GateDetails = Record<string, number | string | boolean | string[] | Record<string, number>>;

/** What every gate function answers. */
export interface GateOutcome {
  chunks: EnrichedChunk[];
  failed: boolean;
  details: GateDetails;
}

/** One gate's run, as the audit plane records it. */
export interface GateRun {
  gate: 'pii' | 'classification' | 'injection';
  result: 'pass' | 'fail';
  duration_ms: number;
  /** SHA-256 (hex) of what went in: the canonical document, then the chunks as the gate before left them (RFC 8785). */
  input_hash: string;
  output_hash: string;
  details: GateDetails;
}
