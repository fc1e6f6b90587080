import { setTimeout as wait } from 'node:timers/promises';
import { auditEntry } from '../../audit/entry.ts';
import { type ErrorCode, FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { appendEntries } from '../registry/outbox.ts';
import { planSteps, setStep, turnBack } from '../registry/plans.ts';
import type { PlanKind, PlanStepRow } from '../registry/rows.ts';
import { SEQUENCES } from './sequences.ts';
import type { Step, StepContext } from './step.ts';

/** A plan being run. */
export interface PlanRun {
  kind: PlanKind;
  context: StepContext;
  /** Waits before each retry of a step, in milliseconds; the length is the number of retries. */
  retryWaits: readonly number[];
  /** Stops between two attempts; the plan stays as it is and is taken up again. */
  signal: AbortSignal;
}

export interface StepFailure {
  step: string;
  code: ErrorCode;
}

/**
 * Runs the steps that are not done yet, each with its check and retries, and notes each in the durable plan with its
 * sub-event. Null when all are done; else the step that failed. A step noted `started` had perhaps begun before a crash
 * and is done again. Throws only when stopped or when the registry fails.
 */
export async function runForward(run: PlanRun): Promise<StepFailure | null> {
  for (const row of stepRows(run)) {
    if (row.status === 'done') continue;
    const step = stepOf(run.kind, row);
    note(run, row, 'started');
    const error = await attempt(run, async () => {
      await step.do(run.context);
      await step.verify(run.context);
    });
    if (error === null) {
      note(run, row, 'done', run.kind === 'provisioning' ? 'done' : 'cleared');
      continue;
    }
    const code = errorCode(error);
    const { registry, tenantId } = run.context;
    registry.write(() => {
      note(run, row, 'failed', 'failed', code);
      if (run.kind === 'provisioning') turnBack(registry, tenantId, run.kind, step.name, code);
    });
    return { step: step.name, code };
  }
  return null;
}

/**
 * Undoes, last first, every step that may have had an effect. Returns the names of those that could not be undone: what
 * remains. Goes on after one that fails.
 */
export async function runBack(run: PlanRun): Promise<string[]> {
  const remains: string[] = [];
  for (const row of stepRows(run).reverse()) {
    if (row.status === 'pending' || row.status === 'undone') continue;
    const step = stepOf(run.kind, row);
    const error = await attempt(run, () => step.undo(run.context));
    if (error === null) note(run, row, 'undone', 'undone', row.error_code ?? undefined);
    else {
      remains.unshift(step.name);
      note(run, row, 'failed', 'undo failed', errorCode(error));
    }
  }
  return remains;
}

/** Tries once and then after each wait. Null, or the last error. A failure that retrying cannot mend ends it at once. */
async function attempt(run: PlanRun, work: () => Promise<void>): Promise<unknown> {
  for (let retry = 0; ; retry += 1) {
    run.signal.throwIfAborted();
    try {
      await work();
      return null;
    } catch (error) {
      const pause = run.retryWaits[retry];
      if (pause === undefined || isHopeless(error)) return error;
      await wait(pause, undefined, { signal: run.signal });
    }
  }
}

function isHopeless(error: unknown): boolean {
  return isFrostbyteError(error) && (error.kind === 'never' || error.code === 'ISOLATION_VIOLATED');
}

/** The plan's rows. A plan without any is no plan: nothing may count as done because nothing was asked. */
function stepRows(run: PlanRun): PlanStepRow[] {
  const rows = planSteps(run.context.registry, run.context.tenantId, run.kind);
  if (rows.length > 0) return rows;
  throw new FrostbyteError('STORE_CORRUPTED', 'A tenant has work to do but no plan for it.');
}

function stepOf(kind: PlanKind, row: PlanStepRow): Step {
  const step = SEQUENCES[kind].find(({ name }) => name === row.step);
  if (step) return step;
  throw new FrostbyteError('STORE_UNAVAILABLE', 'A plan names a step that this version does not know.', {
    kind: 'never',
  });
}

/** Writes where a step stands; with `action`, in one transaction with its sub-event. */
function note(
  run: PlanRun,
  row: PlanStepRow,
  status: PlanStepRow['status'],
  action?: string,
  code?: ErrorCode | string,
): void {
  const { registry, clock, tenantId } = run.context;
  registry.write(() => {
    setStep(registry, tenantId, run.kind, {
      position: row.position,
      status,
      at: clock.iso(),
      ...(code === undefined ? {} : { error_code: code }),
    });
    if (action === undefined) return;
    appendEntries(registry, [
      auditEntry(clock, 'TENANT_PROVISION_STEP', {
        tenant_id: tenantId,
        actor: 'system',
        resource_id: tenantId,
        status: status === 'failed' ? 'failure' : 'success',
        adds: { step: row.step, action },
      }),
    ]);
  });
}

/** The code that stands in plan and event: ours, else a general one. Never a message, which might name things. */
export function errorCode(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}
