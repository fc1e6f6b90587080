import { HOLD_SCOPES } from '../../kernel/holds.ts';
import { ROLES, SCOPES, TENANT_STATES } from '../../kernel/identity.ts';
import { DEFAULT_TENANT_CONFIG, TenantConfig, TenantConfigPatch } from '../tenant-config.ts';
import { z } from '../zod.ts';
import { pageOf, Reason, TenantId, Timestamp } from './common.ts';

/** Bodies of the admin routes (spec 3, 4). */

const TIERS = ['standard', 'premium', 'enterprise'] as const;

export const CreateTenantBody = z
  .strictObject({
    tenant_id: TenantId.optional(),
    tenant_name: z.string().trim().min(1).max(200),
    contact_email: z.email().max(254),
    tier: z.enum(TIERS).default('standard'),
    config: TenantConfigPatch.optional().openapi({ type: 'object', example: { pii_policy: 'redact' } }),
  })
  .openapi('CreateTenant');

export const TenantAnswer = z
  .object({
    tenant_id: TenantId,
    tenant_name: z.string(),
    contact_email: z.string(),
    tier: z.enum(TIERS),
    state: z.enum(TENANT_STATES),
    failed_during: z.enum(['provisioning', 'deprovisioning']).optional(),
    created_at: Timestamp,
    provisioning: z.object({
      status: z.string(),
      started_at: Timestamp.nullable(),
      completed_at: Timestamp.nullable(),
      steps: z.array(
        z.object({
          step: z.string(),
          status: z.enum(['pending', 'done', 'undone', 'failed']),
          at: Timestamp.nullable(),
          error_code: z.string().optional(),
        }),
      ),
    }),
    provisioned_at: Timestamp.nullable(),
    config: TenantConfig.openapi({ type: 'object', example: DEFAULT_TENANT_CONFIG }),
    config_version: z.number().int(),
    usage: z.object({
      storage_used_gb: z.number(),
      documents_count: z.number().int(),
      chunks_count: z.number().int(),
      batches_count: z.number().int(),
    }),
    endpoints: z.object({ api: z.string(), health: z.string() }),
    age_public_key: z.string().nullable(),
    key_version: z.number().int().nullable(),
    key_rotated_at: Timestamp.nullable(),
    key_rotation_due_at: Timestamp.nullable(),
    /** The last isolation check; null before the first. */
    isolation: z
      .object({
        checked_at: Timestamp,
        overall_pass: z.boolean(),
        /** The next one should have been made by now: the last one says too little. */
        overdue: z.boolean(),
      })
      .nullable(),
  })
  .openapi('Tenant');

export const TenantListQuery = z.strictObject({ state: z.enum(TENANT_STATES).optional(), ...pageOf(20, 100) });

export const ConfigureBody = z
  .strictObject({ config: TenantConfigPatch.openapi({ type: 'object' }), reason: Reason })
  .openapi('ConfigureTenant');

export const ConfigureAnswer = z
  .object({
    tenant_id: TenantId,
    config: TenantConfig.openapi({ type: 'object' }),
    config_version: z.number().int(),
    previous_config_version: z.number().int(),
    changes: z.array(
      z.object({
        field: z.string(),
        old_value: z.unknown(),
        new_value: z.unknown(),
        changed_by: z.string(),
        reason: z.string(),
      }),
    ),
  })
  .openapi('TenantConfigUpdate');

export const SuspendBody = z
  .strictObject({ reason: Reason, notify_tenant: z.boolean().default(true) })
  .openapi('SuspendTenant');
export const ReasonBody = z.strictObject({ reason: Reason }).openapi('WithReason');
export const DeprovisionBody = z
  .strictObject({ reason: Reason, confirm: z.boolean(), confirm_tenant_id: z.string() })
  .openapi('DeprovisionTenant');

export const HoldBody = z
  .strictObject({
    action: z.enum(['set', 'lift']),
    scope: z.enum(HOLD_SCOPES),
    /** The batch or document; of a tenant none is needed. */
    resource_id: z.string().min(1).max(128).optional(),
    reason: Reason,
  })
  .openapi('Hold');

export const HoldAnswer = z
  .object({
    hold_id: z.uuid(),
    tenant_id: TenantId,
    scope: z.enum(HOLD_SCOPES),
    resource_id: z.string(),
    reason: z.string(),
    set_by: z.string(),
    set_at: Timestamp,
    lifted_by: z.string().nullable(),
    lifted_at: Timestamp.nullable(),
    lift_reason: z.string().nullable(),
  })
  .openapi('LegalHold');

export const HoldListQuery = z.strictObject({
  status: z.enum(['in_force', 'lifted', 'all']).default('in_force'),
  cursor: z.uuid().optional(),
  ...pageOf(50, 500),
});

export const StateChangeAnswer = z
  .object({
    tenant_id: TenantId,
    previous_state: z.enum(TENANT_STATES),
    current_state: z.enum(TENANT_STATES),
    actions_taken: z.array(z.string()),
    at: Timestamp,
  })
  .openapi('TenantStateChange');

export const IsolationAnswer = z
  .object({
    report_id: z.string(),
    tenant_id: TenantId,
    checked_at: Timestamp,
    checks: z.array(
      z.object({
        store: z.string(),
        test: z.string(),
        target: z.string(),
        result: z.enum(['OK', 'DENIED', 'ALLOWED', 'SKIPPED']),
        /** Why nothing was found out; of what was SKIPPED although it should have been tried. */
        reason: z.string().optional(),
        timestamp: Timestamp,
      }),
    ),
    overall_pass: z.boolean(),
  })
  .openapi('IsolationReport');

export const IsolationListQuery = z.strictObject(pageOf(30, 100));

export const IsolationSummaryAnswer = z
  .object({
    report_id: z.string(),
    tenant_id: TenantId,
    checked_at: Timestamp,
    overall_pass: z.boolean(),
    /** How many tries were made, and how many of them got through. */
    checks: z.number().int(),
    allowed: z.number().int(),
    /** Of the report as canonical JSON (RFC 8785); it stands in the audit log too. */
    report_sha256: z.string(),
  })
  .openapi('IsolationSummary');

export const IssueTokenBody = z
  .strictObject({
    subject: z.string().trim().min(1).max(128),
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)).optional(),
    tenant_id: TenantId.optional(),
    ttl_seconds: z
      .number()
      .int()
      .min(60)
      .max(366 * 86_400)
      .optional(),
  })
  .openapi('IssueToken');

export const IssuedTokenAnswer = z
  .object({ token: z.string(), jti: z.string(), expires_at: Timestamp })
  .openapi('IssuedToken');

/** 25 letters and digits, in groups as a person types them. */
export const RedeemCodeBody = z.strictObject({ code: z.string().trim().min(25).max(64) }).openapi('RedeemCode');

export const RevokeTokensBody = z
  .strictObject({
    jti: z.string().optional(),
    subject: z.string().optional(),
    tenant_id: TenantId.optional(),
    reason: Reason,
  })
  .refine((body) => body.jti || body.subject || body.tenant_id, {
    error: 'name a jti, a subject or a tenant_id',
    path: ['jti'],
  })
  .openapi('RevokeTokens');
