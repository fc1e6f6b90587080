import type { Clock } from '../kernel/clock.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { endGrants } from './break-glass/grants.ts';
import type { ControlOptions } from './control-options.ts';
import { refuseHeld } from './holds/holds.ts';
import { checkIsolation } from './isolation/check-isolation.ts';
import type { Overdue } from './isolation/overdue.ts';
import type { TenantResources } from './provisioning/port.ts';
import { stepNames } from './provisioning/sequences.ts';
import { reasonText } from './reason.ts';
import type { Registry } from './registry/open.ts';
import { reopenPlan, writePlan } from './registry/plans.ts';
import type { PlanKind, TenantRow } from './registry/rows.ts';
import { needTenant, pageOfTenants, tenantConfig, tenantsIn } from './registry/tenants.ts';
import { configureTenant } from './tenants/configure.ts';
import { createTenantRow } from './tenants/create.ts';
import { checkEmbeddingMode } from './tenants/embedding-mode.ts';
import { tenantGate } from './tenants/gate.ts';
import { endTokens, remember, resumeTenant, settleFlag, suspendTenant } from './tenants/kill-switch.ts';
import { allowedMove, type Trigger } from './tenants/lifecycle.ts';
import { checkPin, type Models } from './tenants/pinned-model.ts';
import { isSuspended } from './tenants/suspension-flags.ts';
import { moveTenant } from './tenants/transition.ts';
import { tenantView } from './tenants/view.ts';
import type { ControlVerbs, StateChange, Tenant } from './verbs.ts';

type TenantVerbs = Pick<
  ControlVerbs,
  | 'gate'
  | 'createTenant'
  | 'tenants'
  | 'tenant'
  | 'configure'
  | 'suspend'
  | 'resume'
  | 'deprovision'
  | 'retry'
  | 'abandon'
  | 'verify'
  | 'activeTenants'
>;

export interface TenantVerbParts {
  dataFolder: string;
  registry: Registry;
  clock: Clock;
  resources: TenantResources;
  drainMs: number;
  options: Pick<ControlOptions, 'usage' | 'baseUrl' | 'hasEndpoint' | 'models'>;
  /** From when on a last isolation check is too old. */
  overdue: Overdue;
  /** Carries a tenant's plan in the background. */
  kick(tenantId: string): void;
  /** Keeps work that goes on after the answer. */
  track(work: Promise<unknown>): void;
  /** Events wait to be relayed. */
  wake(): void;
}

const WORDS_ALONE = async (): Promise<Models> => ({ known: ['lexical'], present: ['lexical'] });

/** The verbs about tenants (spec 3, 4). Each change is one transaction with its events; plans run behind the answer. */
export function tenantVerbs(parts: TenantVerbParts): TenantVerbs {
  const { registry, clock, dataFolder, options } = parts;
  const readGate = tenantGate(dataFolder, registry);
  const killSwitch = { dataFolder, registry, clock };

  const models = options.models ?? WORDS_ALONE;
  const view = async (row: TenantRow): Promise<Tenant> => {
    const stored = row.state === 'ACTIVE' || row.state === 'SUSPENDED';
    const usage = stored ? await options.usage?.(row.tenant_id).catch(() => null) : null;
    return tenantView(registry, row, {
      usage: usage ?? null,
      baseUrl: options.baseUrl(),
      overdueBefore: parts.overdue.before(),
    });
  };
  const answer = <Change>(change: Change): Change => {
    parts.wake();
    return change;
  };

  /** A move that starts a plan: state, plan, tokens and event together; the flag at once; the steps behind the answer. */
  const startPlan = (
    tenantId: string,
    trigger: Trigger,
    actor: string,
    kind: PlanKind,
    adds?: (before: TenantRow) => Record<string, unknown>,
  ): StateChange => {
    const row = needTenant(registry, tenantId);
    const steps = stepNames(kind, parts.resources);
    const moved = moveTenant(registry, clock, {
      tenantId,
      trigger,
      actor,
      ...(adds === undefined ? {} : { adds: adds(row) }),
      also: (before, event) => {
        // In the same transaction: a hold and a deletion never both win.
        if (kind === 'deprovisioning') refuseHeld(registry, tenantId);
        if (before.failed_during === 'deprovisioning') reopenPlan(registry, tenantId, kind, actor);
        else writePlan(registry, { tenant_id: tenantId, kind, actor, started_at: clock.iso(), steps });
        if (kind !== 'deprovisioning') return;
        endTokens(registry, clock, tenantId);
        endGrants(registry, clock, tenantId, actor);
        remember(registry, 'tenant_deleted', event);
      },
    });
    settleFlag(dataFolder, registry, tenantId);
    parts.kick(tenantId);
    return answer({
      tenant_id: tenantId,
      previous_state: moved.previous,
      current_state: moved.current,
      actions_taken:
        kind === 'deprovisioning'
          ? ['new requests are refused', 'tokens revoked', `deletion started: ${steps.length} steps`]
          : [`provisioning started: ${steps.length} steps`],
      at: clock.iso(),
    });
  };

  return {
    gate: async (tenantId) => readGate(tenantId),
    createTenant: async (request, actor) => {
      checkEmbeddingMode(request.config, options.hasEndpoint === true);
      await checkPin(models, request.config);
      const tenantId = createTenantRow(registry, clock, request, actor);
      parts.kick(tenantId);
      return answer(await view(needTenant(registry, tenantId)));
    },
    tenants: async (query) => {
      const { rows, total } = pageOfTenants(registry, query);
      return { tenants: await Promise.all(rows.map(view)), total };
    },
    tenant: async (tenantId) => view(needTenant(registry, tenantId)),
    configure: async (tenantId, patch, reason, actor) => {
      checkEmbeddingMode(patch, options.hasEndpoint === true);
      const tenant = needTenant(registry, tenantId);
      const { embedding_mode } = tenantConfig(registry, tenantId, tenant.config_version);
      await checkPin(models, patch, embedding_mode);
      return answer(configureTenant(registry, clock, tenantId, patch, reasonText(reason), actor));
    },
    suspend: async (tenantId, request, actor) => {
      const change = suspendTenant(killSwitch, tenantId, { ...request, reason: reasonText(request.reason) }, actor);
      parts.track(parts.resources.stop(tenantId, parts.drainMs));
      return answer({
        ...change,
        actions_taken: [...change.actions_taken, `work in flight may end within ${parts.drainMs} ms`],
      });
    },
    resume: async (tenantId, request, actor) =>
      answer(resumeTenant(killSwitch, tenantId, { reason: reasonText(request.reason) }, actor)),
    deprovision: async (tenantId, request, actor) => {
      const row = needTenant(registry, tenantId);
      if (request.confirm !== true || request.confirm_tenant_id !== tenantId) throw unconfirmed(request);
      allowedMove('deprovision', row.state, row.failed_during);
      const reason = reasonText(request.reason);
      return startPlan(tenantId, 'deprovision', actor, 'deprovisioning', () => ({ reason }));
    },
    retry: async (tenantId, actor) => startPlan(tenantId, 'retry', actor, 'provisioning'),
    abandon: async (tenantId, actor) =>
      startPlan(tenantId, 'abandon', actor, 'deprovisioning', (before) => ({ failed_during: before.failed_during })),
    verify: async (tenantId, actor) =>
      answer(await checkIsolation({ registry, clock, resources: parts.resources }, tenantId, actor)),
    activeTenants: async () =>
      tenantsIn(registry, ['ACTIVE'])
        .map(({ tenant_id }) => tenant_id)
        .filter((tenantId) => !isSuspended(dataFolder, tenantId)),
  };
}

function unconfirmed(request: { confirm: boolean; confirm_tenant_id: string }): FrostbyteError {
  return new FrostbyteError('CONFIRMATION_MISMATCH', 'Deprovisioning must be confirmed twice.', {
    details: [
      ...(request.confirm === true ? [] : [{ field: 'confirm', value: request.confirm, constraint: 'must be true' }]),
      { field: 'confirm_tenant_id', constraint: 'must be the tenant id of the path' },
    ],
  });
}
