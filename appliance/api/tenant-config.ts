import { MODEL_NAME } from '../kernel/model-name.ts';
import { CustomFields } from './custom-fields/schema.ts';
import { z } from './zod.ts';

/** A tenant's configuration (spec 3). Versioned; a change applies to documents that arrive after it. */

export const MIME = Object.freeze({
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  txt: 'text/plain',
  csv: 'text/csv',
  png: 'image/png',
  tiff: 'image/tiff',
});
export const MIME_ALLOWLIST = [MIME.pdf, MIME.docx, MIME.xlsx, MIME.txt, MIME.csv, MIME.png, MIME.tiff] as const;

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

const share = z.number().min(0).max(1);

const fields = {
  pii_policy: z.enum(['redact', 'flag', 'block']),
  pii_types: z
    .array(z.enum(PII_TYPES))
    .refine((types) => new Set(types).size === types.length, 'must not repeat a type'),
  classification_threshold: share,
  classification_review_enabled: z.boolean(),
  injection_flag_threshold: share,
  injection_quarantine_threshold: share,
  injection_quarantine_scope: z.enum(['chunk', 'document']),
  max_file_size_mb: z.number().int().min(1).max(5000),
  allow_unscannable: z.boolean(),
  max_batch_size: z.number().int().min(1).max(10_000),
  storage_quota_gb: z.number().min(1).max(10_000),
  embedding_mode: z.enum(['offline', 'online']),
  embedding_dimensions: z.literal(768),
  /** The model that the tenant is pinned to, as `frostbyte model list` names it, `lexical`, or as the endpoint calls its own. Null: the appliance's choice. */
  embedding_model: z.string().regex(MODEL_NAME).nullable(),
  retrieval_top_k_default: z.number().int().min(1),
  retrieval_top_k_max: z.number().int().min(1).max(200),
  generation_enabled: z.boolean(),
  generation_suppress_ungrounded: z.boolean(),
  retention_days: z.number().int().min(30).max(36_500),
  mime_allowlist: z.array(z.enum(MIME_ALLOWLIST)).min(1),
  chunk_soft_limit: z.number().int().min(200).max(8000),
  chunk_hard_limit: z.number().int().min(200).max(8000),
  /** Null: the model's own, calibrated value. */
  evidence_threshold: share.nullable(),
  /** Null: no schema, and metadata are taken as they come (docs/decisions/0008-custom-fields.md). */
  custom_fields: CustomFields.nullable(),
};

/** Rules between fields; the field named is the one to change. */
function checkTogether(config: z.infer<z.ZodObject<typeof fields>>, context: z.RefinementCtx): void {
  const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (config.injection_flag_threshold >= config.injection_quarantine_threshold) {
    complain('injection_flag_threshold', 'must be below injection_quarantine_threshold');
  }
  if (config.retrieval_top_k_default > config.retrieval_top_k_max) {
    complain('retrieval_top_k_default', 'must not be above retrieval_top_k_max');
  }
  if (config.chunk_soft_limit > config.chunk_hard_limit) {
    complain('chunk_soft_limit', 'must not be above chunk_hard_limit');
  }
}

export const TenantConfig = z.strictObject(fields).superRefine(checkTogether);
export type TenantConfig = z.infer<typeof TenantConfig>;

/** What PATCH takes: any of the fields, and why. */
export const TenantConfigPatch = z.strictObject(fields).partial();
export type TenantConfigPatch = z.infer<typeof TenantConfigPatch>;

/** Defaults of spec 3. */
export const DEFAULT_TENANT_CONFIG: Readonly<TenantConfig> = Object.freeze<TenantConfig>({
  pii_policy: 'redact',
  pii_types: ['SSN', 'DOB', 'EMAIL'],
  classification_threshold: 0.7,
  classification_review_enabled: true,
  injection_flag_threshold: 0.3,
  injection_quarantine_threshold: 0.7,
  injection_quarantine_scope: 'chunk',
  max_file_size_mb: 500,
  allow_unscannable: false,
  max_batch_size: 1000,
  storage_quota_gb: 100,
  embedding_mode: 'offline',
  embedding_dimensions: 768,
  embedding_model: null,
  retrieval_top_k_default: 5,
  retrieval_top_k_max: 50,
  generation_enabled: false,
  generation_suppress_ungrounded: true,
  retention_days: 2555,
  mime_allowlist: [...MIME_ALLOWLIST],
  chunk_soft_limit: 1200,
  chunk_hard_limit: 2400,
  evidence_threshold: null,
  custom_fields: null,
});

/** One changed field, as the API answers and the audit log records it (spec 3). */
export interface ConfigChange {
  field: string;
  old_value: unknown;
  new_value: unknown;
  changed_by: string;
  reason: string;
}
