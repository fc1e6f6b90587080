import { isFrostbyteError } from '../../kernel/errors.ts';
import type { TenantState } from '../../kernel/identity.ts';
import type { ControlVerbs, CreateTenant, Tenant } from '../verbs.ts';
import type { TenantsFile } from './tenants-file.ts';

/** What became of each declared tenant, in the file's order. */
export interface Applied {
  tenant_id: string;
  /**
   * `unchanged` and `configured` as they say; `differs`: name, address or tier are others, which no verb changes;
   * `not_active`: its state takes no changes now; `not_there`: it failed, or goes or is gone, and no file brings it back.
   */
  outcome: 'created' | 'configured' | 'unchanged' | 'differs' | 'not_active' | 'not_there';
  /** Fields that were changed, or that differ. */
  fields: string[];
}

/** States in which there is no tenant to speak of, whatever its configuration still says. */
const NOT_THERE: ReadonlySet<TenantState> = new Set(['FAILED', 'DEPROVISIONING', 'DEPROVISIONED']);

/** A declared tenant as its state lets it count; one that is not there is not as declared. */
export function appliedIn(state: TenantState, applied: Applied): Applied {
  return NOT_THERE.has(state) ? { tenant_id: applied.tenant_id, outcome: 'not_there', fields: ['state'] } : applied;
}

/** What apply asks of control: also to be had over HTTP. */
export type ApplyVerbs = Pick<ControlVerbs, 'tenant' | 'createTenant' | 'configure'>;

/**
 * Brings the box to what the file declares: missing tenants are created, configurations changed where a declared field
 * differs. Nothing is ever deleted, and a second run changes nothing. With `dryRun` it only says what it would do.
 * O(declared tenants). Throws what the verbs throw; what was done before stays done, and another run goes on.
 */
export async function applyTenants(
  verbs: ApplyVerbs,
  file: TenantsFile,
  actor: string,
  options: { dryRun?: boolean } = {},
): Promise<Applied[]> {
  const applied: Applied[] = [];
  for (const declared of file.tenants) applied.push(await applyOne(verbs, declared, actor, options.dryRun ?? false));
  return applied;
}

async function applyOne(
  verbs: ApplyVerbs,
  declared: TenantsFile['tenants'][number],
  actor: string,
  dryRun: boolean,
): Promise<Applied> {
  const { tenant_id } = declared;
  const present = await existing(verbs, tenant_id);
  if (present === null) {
    if (!dryRun) await verbs.createTenant(declared satisfies CreateTenant, actor);
    return { tenant_id, outcome: 'created', fields: [] };
  }
  const unchanged: Applied = { tenant_id, outcome: 'unchanged', fields: [] };
  if (NOT_THERE.has(present.state)) return appliedIn(present.state, unchanged);
  const differing = (['tenant_name', 'contact_email', 'tier'] as const).filter(
    (field) => present[field] !== declared[field],
  );
  const wanted = Object.entries(declared.config).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(present.config[field as keyof Tenant['config']]),
  );
  if (wanted.length === 0) {
    return differing.length === 0 ? unchanged : { tenant_id, outcome: 'differs', fields: differing };
  }
  const fields = wanted.map(([field]) => field);
  if (present.state !== 'ACTIVE') return { tenant_id, outcome: 'not_active', fields };
  if (!dryRun) await verbs.configure(tenant_id, Object.fromEntries(wanted), 'applied from a tenants file', actor);
  return { tenant_id, outcome: differing.length === 0 ? 'configured' : 'differs', fields: [...fields, ...differing] };
}

async function existing(verbs: ApplyVerbs, tenantId: string): Promise<Tenant | null> {
  try {
    return await verbs.tenant(tenantId);
  } catch (error) {
    if (isFrostbyteError(error, 'RESOURCE_NOT_FOUND')) return null;
    throw error;
  }
}
