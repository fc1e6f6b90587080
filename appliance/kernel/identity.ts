/** Who calls, as the gateway established it from a token (spec 4). */

export const ROLES = ['tenant_user', 'tenant_admin', 'admin', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

export const SCOPES = ['ingest', 'query', 'admin', 'audit'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Caller {
  /** The token's `sub`; the actor of audit events. */
  subject: string;
  role: Role;
  scopes: readonly Scope[];
  /** Null for `admin` and `auditor`. */
  tenant_id: string | null;
  jti: string;
}

/** Seven states (spec 3). */
export const TENANT_STATES = [
  'PENDING',
  'PROVISIONING',
  'ACTIVE',
  'SUSPENDED',
  'DEPROVISIONING',
  'DEPROVISIONED',
  'FAILED',
] as const;
export type TenantState = (typeof TENANT_STATES)[number];
