import { z } from 'zod';
import { Chunk } from './document.ts';

/** What the policy gates add to a document's chunks (spec 2 C), and the object that carries it from gate to index. */

export const PII_TYPES = [
  'SSN',
  'DOB',
  'EMAIL',
  'PHONE',
  'NAME',
  'ADDRESS',
  'MEDICAL_RECORD',
  'FINANCIAL_ACCOUNT',
  'PASSPORT',
  'DRIVERS_LICENSE',
] as const;
export type PiiType = (typeof PII_TYPES)[number];

export const CLASSIFICATIONS = [
  'contract',
  'invoice',
  'SOP',
  'policy',
  'correspondence',
  'legal_filing',
  'other',
] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];

export const ChunkPolicy = z
  .object({
    pii_scan_result: z.enum(['clean', 'pii_found', 'redacted', 'blocked']),
    pii_types_found: z.array(z.enum(PII_TYPES)),
    pii_action_taken: z.enum(['none', 'redacted', 'flagged', 'blocked']),
    classification: z.enum(CLASSIFICATIONS),
    classification_confidence: z.number().min(0).max(1),
    classifier_version: z.string(),
    human_override: z.boolean(),
    injection_score: z.number().min(0).max(1),
    injection_patterns_matched: z.array(z.string()),
    injection_action_taken: z.enum(['pass', 'flag', 'quarantine']),
    config_version: z.number().int(),
    policy_version: z.string(),
  })
  .strict();
export type ChunkPolicy = z.infer<typeof ChunkPolicy>;

/** A chunk as it may be shown and indexed: `text` is redacted where the tenant's policy says so; id and offsets are not. */
export const EnrichedChunk = Chunk.extend({ policy: ChunkPolicy });
export type EnrichedChunk = z.infer<typeof EnrichedChunk>;

export const EnrichedDocument = z
  .object({
    doc_id: z.string(),
    tenant_id: z.string(),
    canonical_sha256: z.string(),
    classification: z.enum(CLASSIFICATIONS),
    classification_confidence: z.number(),
    /** True while a person has to decide the class (spec 2 C, review queue). */
    held: z.boolean(),
    chunks: z.array(EnrichedChunk),
  })
  .strict();
export type EnrichedDocument = z.infer<typeof EnrichedDocument>;

/** The chunks that are embedded and served: all but those in quarantine, in reading order. */
export function embeddable(document: EnrichedDocument): EnrichedChunk[] {
  return document.chunks.filter(({ policy }) => policy.injection_action_taken !== 'quarantine');
}

/** What a gate keeps apart: it is in no index, and its words are nowhere shown. */
export function isApart({ policy }: Pick<EnrichedChunk, 'policy'>): boolean {
  return policy.pii_action_taken === 'blocked' || policy.injection_action_taken === 'quarantine';
}
