import type { Registry } from './open.ts';
import type { PlanKind, PlanRow, PlanStepRow } from './rows.ts';

/** A tenant's plan of a kind, or null when there never was one. */
export function findPlan(registry: Registry, tenantId: string, kind: PlanKind): PlanRow | null {
  return registry.get<PlanRow>('SELECT * FROM plans WHERE tenant_id = ? AND kind = ?', [tenantId, kind]) ?? null;
}

/** The plan's steps in order. */
export function planSteps(registry: Registry, tenantId: string, kind: PlanKind): PlanStepRow[] {
  return registry.all<PlanStepRow>(
    'SELECT position, step, status, at, error_code FROM plan_steps WHERE tenant_id = ? AND kind = ? ORDER BY position',
    [tenantId, kind],
  );
}

/** Starts a plan from its first step, in place of an earlier one of the kind. Inside `registry.write`. */
export function writePlan(
  registry: Registry,
  plan: { tenant_id: string; kind: PlanKind; actor: string; started_at: string; steps: readonly string[] },
): void {
  registry.run('DELETE FROM plans WHERE tenant_id = ? AND kind = ?', [plan.tenant_id, plan.kind]);
  registry.run(`INSERT INTO plans (tenant_id, kind, direction, actor, started_at) VALUES (?, ?, 'forward', ?, ?)`, [
    plan.tenant_id,
    plan.kind,
    plan.actor,
    plan.started_at,
  ]);
  plan.steps.forEach((step, position) => {
    registry.run(`INSERT INTO plan_steps (tenant_id, kind, position, step, status) VALUES (?, ?, ?, ?, 'pending')`, [
      plan.tenant_id,
      plan.kind,
      position,
      step,
    ]);
  });
}

/** Takes a failed plan up again where it stopped: finished steps stay finished. Inside `registry.write`. */
export function reopenPlan(registry: Registry, tenantId: string, kind: PlanKind, actor: string): void {
  registry.run(
    `UPDATE plans SET direction = 'forward', actor = ?, completed_at = NULL, failed_step = NULL, error_code = NULL
     WHERE tenant_id = ? AND kind = ?`,
    [actor, tenantId, kind],
  );
  registry.run(
    `UPDATE plan_steps SET status = 'started', error_code = NULL WHERE tenant_id = ? AND kind = ? AND status = 'failed'`,
    [tenantId, kind],
  );
}

/** Notes where a step stands. Inside `registry.write`. */
export function setStep(
  registry: Registry,
  tenantId: string,
  kind: PlanKind,
  step: Omit<PlanStepRow, 'step' | 'error_code'> & { error_code?: string },
): void {
  registry.run(
    `UPDATE plan_steps SET status = ?, at = ?, error_code = ? WHERE tenant_id = ? AND kind = ? AND position = ?`,
    [step.status, step.at, step.error_code ?? null, tenantId, kind, step.position],
  );
}

/** From here on the finished steps are undone, also after a restart. Inside `registry.write`. */
export function turnBack(registry: Registry, tenantId: string, kind: PlanKind, step: string, errorCode: string): void {
  registry.run(
    `UPDATE plans SET direction = 'back', failed_step = ?, error_code = ? WHERE tenant_id = ? AND kind = ?`,
    [step, errorCode, tenantId, kind],
  );
}

/** Ends a plan, well or not. Inside `registry.write`. */
export function closePlan(registry: Registry, tenantId: string, kind: PlanKind, at: string): void {
  registry.run('UPDATE plans SET completed_at = ? WHERE tenant_id = ? AND kind = ?', [at, tenantId, kind]);
}
