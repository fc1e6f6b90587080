import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import type { Registry } from '../registry/open.ts';
import { copiesOutside } from '../registry/outside-copies.ts';
import { closePlan, findPlan, planSteps, writePlan } from '../registry/plans.ts';
import { findTenant } from '../registry/tenants.ts';
import { deleteUsersOf } from '../registry/users.ts';
import { settleFlag } from '../tenants/kill-switch.ts';
import { moveTenant } from '../tenants/transition.ts';
import { type PlanRun, runBack, runForward } from './run-steps.ts';
import { stepNames } from './sequences.ts';
import type { StepContext } from './step.ts';

/** What the runner of plans needs. */
export interface Advancing extends Omit<StepContext, 'tenantId' | 'actor'> {
  logger: Logger;
  retryWaits: readonly number[];
}

/**
 * Carries a tenant's unfinished plan to its end: PENDING to ACTIVE or FAILED, DEPROVISIONING to DEPROVISIONED or FAILED.
 * Takes it up wherever a crash left it. A tenant without unfinished work is no error.
 */
export async function advanceTenant(parts: Advancing, tenantId: string, signal: AbortSignal): Promise<void> {
  const { registry } = parts;
  if (findTenant(registry, tenantId)?.state === 'PENDING') beginProvisioning(parts, tenantId);
  const state = findTenant(registry, tenantId)?.state;
  if (state === 'PROVISIONING') await provision(parts, tenantId, signal);
  if (state === 'DEPROVISIONING') await deprovision(parts, tenantId, signal);
}

/** PENDING → PROVISIONING with a fresh plan. */
function beginProvisioning({ registry, clock, resources }: Advancing, tenantId: string): void {
  const steps = stepNames('provisioning', resources);
  moveTenant(registry, clock, {
    tenantId,
    trigger: 'provision',
    actor: 'system',
    adds: { step: steps[0] },
    also: () =>
      writePlan(registry, {
        tenant_id: tenantId,
        kind: 'provisioning',
        actor: 'system',
        started_at: clock.iso(),
        steps,
      }),
  });
}

async function provision(parts: Advancing, tenantId: string, signal: AbortSignal): Promise<void> {
  const { registry, clock, logger } = parts;
  const run = planRun(parts, 'provisioning', tenantId, signal);
  const failure = isGoingBack(registry, tenantId) ? null : await runForward(run);
  if (failure === null && !isGoingBack(registry, tenantId)) {
    moveTenant(registry, clock, {
      tenantId,
      trigger: 'provisioned',
      actor: 'system',
      adds: { steps: planSteps(registry, tenantId, 'provisioning').map(({ step }) => step) },
      also: () => {
        registry.run('UPDATE tenants SET provisioned_at = ? WHERE tenant_id = ?', [clock.iso(), tenantId]);
        closePlan(registry, tenantId, 'provisioning', clock.iso());
      },
    });
    logger.info('tenant provisioned', shaped({ tenant_id: tenantId }));
    return;
  }
  const remains = await runBack(run);
  const plan = findPlan(registry, tenantId, 'provisioning');
  moveTenant(registry, clock, {
    tenantId,
    trigger: 'provisioning_failed',
    actor: 'system',
    status: 'failure',
    adds: { step: plan?.failed_step, error_code: plan?.error_code, remains },
    also: () => closePlan(registry, tenantId, 'provisioning', clock.iso()),
  });
  logger.error('tenant provisioning failed', {
    ...shaped({ tenant_id: tenantId }),
    ...(plan?.error_code ? { code: asCode(plan.error_code) } : {}),
  });
}

async function deprovision(parts: Advancing, tenantId: string, signal: AbortSignal): Promise<void> {
  const { registry, clock, logger, dataFolder } = parts;
  const failure = await runForward(planRun(parts, 'deprovisioning', tenantId, signal));
  if (failure === null) {
    moveTenant(registry, clock, {
      tenantId,
      trigger: 'deprovisioned',
      actor: 'system',
      adds: {
        steps: planSteps(registry, tenantId, 'deprovisioning').map(({ step }) => step),
        outside_copies: copiesOutside(registry, tenantId).map(({ copy_id, kind }) => `${kind} ${copy_id}`),
      },
      also: () => {
        closePlan(registry, tenantId, 'deprovisioning', clock.iso());
        deleteUsersOf(registry, tenantId);
      },
    });
    logger.info('tenant deprovisioned', shaped({ tenant_id: tenantId }));
  } else {
    const remains = planSteps(registry, tenantId, 'deprovisioning')
      .filter(({ status }) => status !== 'done')
      .map(({ step }) => step);
    moveTenant(registry, clock, {
      tenantId,
      trigger: 'deprovisioning_failed',
      actor: 'system',
      status: 'failure',
      adds: { step: failure.step, error_code: failure.code, remains },
      also: () => closePlan(registry, tenantId, 'deprovisioning', clock.iso()),
    });
    logger.error('tenant deprovisioning failed', { ...shaped({ tenant_id: tenantId }), code: failure.code });
  }
  settleFlag(dataFolder, registry, tenantId);
}

function isGoingBack(registry: Registry, tenantId: string): boolean {
  return findPlan(registry, tenantId, 'provisioning')?.direction === 'back';
}

function planRun(parts: Advancing, kind: PlanRun['kind'], tenantId: string, signal: AbortSignal): PlanRun {
  const plan = findPlan(parts.registry, tenantId, kind);
  return {
    kind,
    context: { ...parts, tenantId, actor: plan?.actor ?? 'system' },
    retryWaits: parts.retryWaits,
    signal,
  };
}
