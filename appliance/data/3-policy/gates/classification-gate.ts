import type { ParsedDocument } from '../../document.ts';
import type { Classification, EnrichedChunk } from '../../enriched.ts';
import { classify } from '../classification/classify.ts';
import type { PolicyConfig } from '../policy-config.ts';
import type { GateOutcome } from './outcome.ts';

/**
 * Gate 2: one class for the document, from its file name, headings and original visible text. Below the tenant's
 * threshold a person decides (`held`), or with review off the class is `other` (spec 2 C).
 */
export function classificationGate(
  chunks: readonly EnrichedChunk[],
  document: { filename: string; parsed: ParsedDocument; originalTexts: readonly string[] },
  config: PolicyConfig,
): GateOutcome & { classification: Classification; confidence: number; held: boolean } {
  const result = classify({
    filename: document.filename,
    headings: document.parsed.document.sections.map((section) => section.title),
    text: document.originalTexts.join('\n'),
  });
  const sure = result.confidence >= config.classification_threshold;
  const held = !sure && config.classification_review_enabled;
  const classification = sure || held ? result.classification : 'other';
  return {
    chunks: chunks.map((chunk) => ({
      ...chunk,
      policy: {
        ...chunk.policy,
        classification,
        classification_confidence: result.confidence,
        classifier_version: result.version,
      },
    })),
    failed: held,
    details: { classification, classification_confidence: result.confidence, decided_by: result.decidedBy, held },
    classification,
    confidence: result.confidence,
    held,
  };
}
