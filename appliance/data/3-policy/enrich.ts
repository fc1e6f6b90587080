import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { QuarantineReason } from '../../kernel/pipeline.ts';
import type { ParsedDocument } from '../document.ts';
import type { ChunkPolicy, EnrichedChunk, EnrichedDocument } from '../enriched.ts';
import type { Alternative } from './gate.ts';
import { classificationGate } from './gates/classification-gate.ts';
import { injectionGate } from './gates/injection-gate.ts';
import type { GateOutcome, GateRun } from './gates/outcome.ts';
import { type PiiOriginal, piiGate } from './gates/pii-gate.ts';
import { checkPolicyConfig, type PolicyConfig } from './policy-config.ts';
import { POLICY_VERSION } from './policy-version.ts';
import { type Decisions, UNDECIDED, verdictsOf } from './verdicts.ts';

export type { Alternative } from './gate.ts';
export type { GateRun } from './gates/outcome.ts';
export type { PiiOriginal } from './gates/pii-gate.ts';
export type { PolicyConfig } from './policy-config.ts';

export interface EnrichInput {
  parsed: ParsedDocument;
  /** SHA-256 (hex) of the canonical document, the first gate's input hash. */
  canonical_sha256: string;
  filename: string;
  config: PolicyConfig;
  config_version: number;
  /** What people decided about the document; nothing, unless given. */
  decisions?: Decisions;
}

export type PolicyQuarantineReason = Extract<QuarantineReason, 'PII_BLOCK_POLICY' | 'INJECTION_DETECTED'>;

export interface EnrichResult {
  enriched: EnrichedDocument;
  gates: GateRun[];
  /** What redaction took out, for the caller to encrypt. Empty unless the policy is `redact`. */
  originals: PiiOriginal[];
  quarantine: null | { reason: PolicyQuarantineReason; chunks: string[] };
  /** Other classes than the one that was chosen, likeliest first. */
  alternatives: Alternative[];
  /** Chunks in quarantine that were rejected for good. */
  rejectedChunks: string[];
}

/**
 * Runs the three gates over a parsed document, in order: PII, classification, injection (spec 2 C).
 *
 * All three run whatever the earlier ones found, so that a document released from quarantine carries every result.
 * Classification and injection read the original text; only what comes out is redacted. With chunk scope, chunks of
 * action `quarantine` are marked and the rest goes on; the document is quarantined when no chunk is left or the scope
 * says so. Decisions of people are honoured by each gate (`verdicts.ts`). Apart from `duration_ms`, which is read from `now` (milliseconds), the result is deterministic. O(n) in the
 * text for each gate.
 *
 * Throws `CONFIG_INVALID` for settings that contradict each other and `GATE_UNAVAILABLE` when a gate cannot answer.
 */
export function enrichDocument(input: EnrichInput, now: () => number = () => performance.now()): EnrichResult {
  const { parsed, config } = input;
  checkPolicyConfig(config);
  const verdicts = verdictsOf(input.decisions ?? UNDECIDED);
  const originalTexts = parsed.document.chunks.map((chunk) => chunk.text);
  const gates: GateRun[] = [];
  let hash = input.canonical_sha256;
  let chunks: EnrichedChunk[] = parsed.document.chunks.map((chunk) => ({
    ...chunk,
    policy: unjudged(input.config_version),
  }));

  const run = <T extends GateOutcome>(gate: GateRun['gate'], work: () => T): T => {
    const started = now();
    const outcome = orUnavailable(gate, work);
    chunks = outcome.chunks;
    const output = sha256Hex(canonicalJson(chunks));
    const duration = Math.max(0, Math.round(now() - started));
    gates.push({
      gate,
      result: outcome.failed ? 'fail' : 'pass',
      duration_ms: duration,
      input_hash: hash,
      output_hash: output,
      details: outcome.details,
    });
    hash = output;
    return outcome;
  };

  const pii = run('pii', () => piiGate(chunks, config, verdicts));
  const classified = run('classification', () =>
    classificationGate(chunks, { filename: input.filename, parsed, originalTexts }, config, verdicts),
  );
  const injection = run('injection', () => injectionGate(chunks, { parsed, originalTexts }, config, verdicts));

  return {
    enriched: {
      doc_id: parsed.document.doc_id,
      tenant_id: parsed.document.tenant_id,
      canonical_sha256: input.canonical_sha256,
      classification: classified.classification,
      classification_confidence: classified.confidence,
      held: classified.held,
      chunks,
    },
    gates,
    originals: pii.originals,
    quarantine: quarantineOf(pii.blockedChunks, injection),
    alternatives: classified.alternatives,
    rejectedChunks: injection.rejectedChunks,
  };
}

/** A gate that cannot answer fails the document; nothing passes unseen (spec 2 C). */
function orUnavailable<T>(gate: GateRun['gate'], work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new FrostbyteError('GATE_UNAVAILABLE', `The ${gate} gate could not judge the document.`, { cause });
  }
}

/** A chunk's policy record before any gate has spoken. */
function unjudged(configVersion: number): ChunkPolicy {
  return {
    pii_scan_result: 'clean',
    pii_types_found: [],
    pii_action_taken: 'none',
    classification: 'other',
    classification_confidence: 0,
    classifier_version: '',
    human_override: false,
    injection_score: 0,
    injection_patterns_matched: [],
    injection_action_taken: 'pass',
    config_version: configVersion,
    policy_version: POLICY_VERSION,
  };
}

/** The first gate that quarantines gives the reason. */
function quarantineOf(
  blocked: string[],
  injection: { quarantinedChunks: string[]; wholeDocument: boolean },
): EnrichResult['quarantine'] {
  if (blocked.length > 0) return { reason: 'PII_BLOCK_POLICY', chunks: blocked };
  if (injection.wholeDocument) return { reason: 'INJECTION_DETECTED', chunks: injection.quarantinedChunks };
  return null;
}
