import { lastCheck } from '../registry/isolation-reports.ts';
import type { Registry } from '../registry/open.ts';
import { findPlan, planSteps } from '../registry/plans.ts';
import type { PlanStepRow, TenantRow } from '../registry/rows.ts';
import { tenantConfig } from '../registry/tenants.ts';
import type { ProvisioningStep, Tenant } from '../verbs.ts';

/** A tenant that has stored nothing, or whose numbers cannot be had now. */
const NO_USAGE: Tenant['usage'] = Object.freeze({
  storage_used_gb: 0,
  documents_count: 0,
  chunks_count: 0,
  batches_count: 0,
});

/** A plan's status where it has ended, by how it ended. */
function planStatus(row: TenantRow): string {
  if (row.state === 'PENDING') return 'pending';
  if (row.state === 'PROVISIONING') return 'in_progress';
  return row.failed_during === 'provisioning' ? 'failed' : 'completed';
}

const STEP_STATUS: Readonly<Record<PlanStepRow['status'], ProvisioningStep['status']>> = Object.freeze({
  pending: 'pending',
  started: 'pending',
  done: 'done',
  undone: 'undone',
  failed: 'failed',
});

/**
 * A tenant as the API shows it (spec 3). The steps are those of the plan that matters: of the deletion once it has
 * started, else of the provisioning.
 */
export function tenantView(
  registry: Registry,
  row: TenantRow,
  outside: { usage: Tenant['usage'] | null; baseUrl: string; overdueBefore: string | null },
): Tenant {
  const plan = findPlan(registry, row.tenant_id, 'provisioning');
  const kind = findPlan(registry, row.tenant_id, 'deprovisioning') === null ? 'provisioning' : 'deprovisioning';
  return {
    tenant_id: row.tenant_id,
    tenant_name: row.tenant_name,
    contact_email: row.contact_email,
    tier: row.tier,
    state: row.state,
    ...(row.failed_during === null ? {} : { failed_during: row.failed_during }),
    created_at: row.created_at,
    provisioning: {
      status: planStatus(row),
      started_at: plan?.started_at ?? null,
      completed_at: plan?.completed_at ?? null,
      steps: planSteps(registry, row.tenant_id, kind).map(({ step, status, at, error_code }) => ({
        step,
        status: STEP_STATUS[status],
        at,
        ...(error_code === null ? {} : { error_code }),
      })),
    },
    provisioned_at: row.provisioned_at,
    config: tenantConfig(registry, row.tenant_id, row.config_version),
    config_version: row.config_version,
    usage: outside.usage ?? NO_USAGE,
    endpoints: { api: `${outside.baseUrl}/api/v1`, health: `${outside.baseUrl}/health` },
    age_public_key: row.age_public_key,
    key_version: row.key_version,
    key_rotated_at: row.key_rotated_at,
    key_rotation_due_at: row.key_rotation_due_at,
    isolation: isolationOf(registry, row, outside.overdueBefore),
  };
}

/** What is checked again by itself can be late with it; what rests is not. */
function isolationOf(registry: Registry, row: TenantRow, overdueBefore: string | null): Tenant['isolation'] {
  const last = lastCheck(registry, row.tenant_id);
  if (last === null) return null;
  return { ...last, overdue: row.state === 'ACTIVE' && overdueBefore !== null && last.checked_at <= overdueBefore };
}
