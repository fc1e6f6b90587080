import type { ParsedDocument } from '../../document.ts';
import type { Classification, EnrichedChunk } from '../../enriched.ts';
import { classify } from '../classification/classify.ts';
import type { Alternative } from '../gate.ts';
import type { PolicyConfig } from '../policy-config.ts';
import type { Verdicts } from '../verdicts.ts';
import type { GateOutcome } from './outcome.ts';

/**
 * Gate 2: one class for the document, from its file name, headings and original visible text. Below the tenant's
 * threshold a person decides (`held`), or with review off the class is `other` (spec 2 C). Once a person has decided,
 * that is the class, whatever the classifier says; the confidence stays the classifier's own.
 */
export function classificationGate(
  chunks: readonly EnrichedChunk[],
  document: { filename: string; parsed: ParsedDocument; originalTexts: readonly string[] },
  config: PolicyConfig,
  verdicts: Verdicts,
): GateOutcome & { classification: Classification; confidence: number; alternatives: Alternative[]; held: boolean } {
  const result = classify({
    filename: document.filename,
    headings: document.parsed.document.sections.map((section) => section.title),
    text: document.originalTexts.join('\n'),
  });
  const decided = verdicts.classification;
  const sure = result.confidence >= config.classification_threshold;
  const held = decided === null && !sure && config.classification_review_enabled;
  const classification = decided ?? (sure || held ? result.classification : 'other');
  return {
    chunks: chunks.map((chunk) => ({
      ...chunk,
      policy: {
        ...chunk.policy,
        classification,
        classification_confidence: result.confidence,
        classifier_version: result.version,
        human_override: decided !== null,
      },
    })),
    failed: held,
    details: {
      classification,
      classification_confidence: result.confidence,
      decided_by: result.decidedBy,
      held,
      human_override: decided !== null,
    },
    classification,
    confidence: result.confidence,
    alternatives: result.alternatives,
    held,
  };
}
