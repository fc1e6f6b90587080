import type { TenantState } from '../../kernel/identity.ts';

/** One row of `tenants`. */
export interface TenantRow {
  tenant_id: string;
  tenant_name: string;
  contact_email: string;
  tier: 'standard' | 'premium' | 'enterprise';
  state: TenantState;
  failed_during: PlanKind | null;
  created_at: string;
  provisioned_at: string | null;
  config_version: number;
  age_public_key: string | null;
  key_version: number | null;
  key_rotated_at: string | null;
  key_rotation_due_at: string | null;
}

export type PlanKind = 'provisioning' | 'deprovisioning';

/** One row of `plans`. */
export interface PlanRow {
  tenant_id: string;
  kind: PlanKind;
  direction: 'forward' | 'back';
  actor: string;
  started_at: string;
  completed_at: string | null;
  failed_step: string | null;
  error_code: string | null;
}

/** One row of `plan_steps`. */
export interface PlanStepRow {
  position: number;
  step: string;
  status: 'pending' | 'started' | 'done' | 'undone' | 'failed';
  at: string | null;
  error_code: string | null;
}

/** One row of `tokens`; times in seconds since the epoch, scopes separated by blanks. */
export interface TokenRow {
  jti: string;
  kid: string;
  subject: string;
  role: string;
  scopes: string;
  tenant_id: string | null;
  epoch: number;
  issued_at: number;
  expires_at: number;
  revoked_at: string | null;
}
