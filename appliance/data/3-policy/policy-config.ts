import { FrostbyteError } from '../../kernel/errors.ts';
import { PII_TYPES, type PiiType } from '../enriched.ts';

/** The tenant's settings that the gates obey (spec 3). */
export interface PolicyConfig {
  pii_policy: 'redact' | 'flag' | 'block';
  pii_types: readonly PiiType[];
  classification_threshold: number;
  classification_review_enabled: boolean;
  injection_flag_threshold: number;
  injection_quarantine_threshold: number;
  injection_quarantine_scope: 'chunk' | 'document';
}

/** The defaults of spec 3. */
export const DEFAULT_POLICY_CONFIG: PolicyConfig = Object.freeze({
  pii_policy: 'redact',
  pii_types: ['SSN', 'DOB', 'EMAIL'] as const,
  classification_threshold: 0.7,
  classification_review_enabled: true,
  injection_flag_threshold: 0.3,
  injection_quarantine_threshold: 0.7,
  injection_quarantine_scope: 'chunk',
});

/**
 * Refuses settings under which a gate would pass what it should stop: thresholds outside 0–1 or NaN, a flag threshold
 * not below the quarantine threshold, unknown types or choices. Throws `CONFIG_INVALID`.
 */
export function checkPolicyConfig(config: PolicyConfig): void {
  const wrong = (field: string, constraint: string): never => {
    throw new FrostbyteError('CONFIG_INVALID', 'The policy settings of the tenant are not valid.', {
      details: [{ field, constraint }],
    });
  };
  const share = (value: number) => value >= 0 && value <= 1;
  if (!['redact', 'flag', 'block'].includes(config.pii_policy)) wrong('pii_policy', 'redact, flag or block');
  if (config.pii_types.some((type) => !PII_TYPES.includes(type))) wrong('pii_types', 'a subset of the ten types');
  if (!share(config.classification_threshold)) wrong('classification_threshold', '0 to 1');
  if (!share(config.injection_quarantine_threshold)) wrong('injection_quarantine_threshold', '0 to 1');
  if (!share(config.injection_flag_threshold)) wrong('injection_flag_threshold', '0 to 1');
  if (config.injection_flag_threshold >= config.injection_quarantine_threshold)
    wrong('injection_flag_threshold', 'below injection_quarantine_threshold');
  if (!['chunk', 'document'].includes(config.injection_quarantine_scope))
    wrong('injection_quarantine_scope', 'chunk or document');
}

/** What a score means under a tenant's thresholds (spec 2 C). */
export function injectionAction(
  score: number,
  config: Pick<PolicyConfig, 'injection_flag_threshold' | 'injection_quarantine_threshold'>,
): 'pass' | 'flag' | 'quarantine' {
  if (score >= config.injection_quarantine_threshold) return 'quarantine';
  return score >= config.injection_flag_threshold ? 'flag' : 'pass';
}
