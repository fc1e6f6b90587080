import type { Clock } from '../../kernel/clock.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { asCode, shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { uncheckedSince } from '../registry/isolation-reports.ts';
import type { Registry } from '../registry/open.ts';
import type { IsolationReport } from '../verbs.ts';

/** A check that could not be made (a store that is down) is tried again after so long. */
const AGAIN_MS = 15 * 60_000;

export interface IsolationSchedule {
  /** Checks the tenant that has waited longest, where one is due and none is being checked. Null: nothing to do. */
  next(): Promise<void> | null;
}

/**
 * Isolation checks that come by themselves (spec 3): each active tenant every so often, counted from its last check of
 * any kind, one tenant at a time. What is ALLOWED is an error in the log, beside the event. O(active tenants) a question.
 */
export function isolationSchedule(parts: {
  registry: Registry;
  clock: Clock;
  logger: Logger;
  everyMs: number;
  check(tenantId: string): Promise<IsolationReport>;
}): IsolationSchedule {
  const { registry, clock, logger, everyMs } = parts;
  /** Until when a tenant rests whose check could not be made. */
  const resting = new Map<string, number>();
  let isChecking = false;

  const checked = async (tenantId: string): Promise<void> => {
    const about = shaped({ tenant_id: tenantId });
    try {
      const { overall_pass } = await parts.check(tenantId);
      resting.delete(tenantId);
      if (!overall_pass) logger.error('the isolation check failed', about);
    } catch (error) {
      resting.set(tenantId, clock.now() + AGAIN_MS);
      const code = isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
      logger.warn('isolation could not be checked', { ...about, code: asCode(code) });
    } finally {
      isChecking = false;
    }
  };

  return {
    next() {
      if (isChecking) return null;
      const due = uncheckedSince(registry, new Date(clock.now() - everyMs).toISOString());
      const tenantId = due.find((id) => (resting.get(id) ?? 0) <= clock.now());
      if (tenantId === undefined) return null;
      isChecking = true;
      return checked(tenantId);
    },
  };
}
