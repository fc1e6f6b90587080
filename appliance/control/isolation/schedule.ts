import type { Clock } from '../../kernel/clock.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { uncheckedSince, undecided } from '../registry/isolation-reports.ts';
import type { Registry } from '../registry/open.ts';
import type { IsolationReport } from '../verbs.ts';
import { unanswered } from './verdict.ts';

/** A check that could not be made, or that a store gave no answer to, is made again after so long, then after twice that. */
const AGAIN_MS = 15 * 60_000;

export interface IsolationSchedule {
  /** Checks the tenant that has waited longest, where one is due and none is being checked. Null: nothing to do. */
  next(): Promise<void> | null;
}

/**
 * Isolation checks that come by themselves (spec 3): each active tenant every so often, counted from its last check of
 * any kind, one tenant at a time; sooner where the last one came to no verdict. What is ALLOWED is an error in the log, beside the event. O(active tenants) a question.
 */
export function isolationSchedule(parts: {
  registry: Registry;
  clock: Clock;
  logger: Logger;
  everyMs: number;
  check(tenantId: string): Promise<IsolationReport>;
}): IsolationSchedule {
  const { registry, clock, logger, everyMs } = parts;
  /** Until when a tenant rests whose check came to no end, and how long it rested. */
  const resting = new Map<string, { until: number; waited: number }>();
  const rest = (tenantId: string): void => {
    const waited = Math.min(2 * (resting.get(tenantId)?.waited ?? AGAIN_MS / 2), Math.max(everyMs, AGAIN_MS));
    resting.set(tenantId, { until: clock.now() + waited, waited });
  };
  let isChecking = false;

  const checked = async (tenantId: string): Promise<void> => {
    const about = shaped({ tenant_id: tenantId });
    try {
      const { overall_pass, checks } = await parts.check(tenantId);
      if (overall_pass || checks.some(({ result }) => result === 'ALLOWED')) resting.delete(tenantId);
      else rest(tenantId);
      if (!overall_pass) logger.error('the isolation check failed', { ...about, count: unanswered(checks).length });
    } catch (error) {
      rest(tenantId);
      const code = isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
      logger.warn('isolation could not be checked', { ...about, code: asCode(code) });
    } finally {
      isChecking = false;
    }
  };

  return {
    next() {
      if (isChecking) return null;
      const due = [...uncheckedSince(registry, new Date(clock.now() - everyMs).toISOString()), ...undecided(registry)];
      const tenantId = due.find((id) => (resting.get(id)?.until ?? 0) <= clock.now());
      if (tenantId === undefined) return null;
      isChecking = true;
      return checked(tenantId);
    },
  };
}
