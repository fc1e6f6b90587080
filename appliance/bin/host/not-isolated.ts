import type { IsolationReport } from '../../control/verbs.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/** Tries that are told; the report has all. */
const MOST_TOLD = 20;

/**
 * The refusal for a report that does not pass. `ISOLATION_VIOLATED` where a door stood open; where a store gave no answer, as one that was
 * just started again, nothing is proven either way: `OPERATION_FAILED`, and worth another try.
 */
export function notIsolated(tenantId: string, { report_id, checks }: IsolationReport): FrostbyteError {
  const wrong = checks.filter(({ target, result, reason }) =>
    target === tenantId ? result !== 'OK' : result === 'ALLOWED' || (result === 'SKIPPED' && reason !== undefined),
  );
  const isOpen = wrong.some(({ result }) => result === 'ALLOWED');
  const shows = `frostbyte tenant isolation show ${tenantId} ${report_id} has every try`;
  return new FrostbyteError(
    isOpen ? 'ISOLATION_VIOLATED' : 'OPERATION_FAILED',
    isOpen
      ? `${tenantId} is not isolated. Let nobody use this appliance: ${shows}.`
      : `Whether ${tenantId} is isolated could not be told: of ${checks.length} tries ${wrong.length} had no answer, or not the one that its own stores should give. ${shows}; repeat once all of it is ready.`,
    {
      details: wrong.slice(0, MOST_TOLD).map(({ store, test, target, result }) => ({
        field: `${store}: ${test}`,
        value: target,
        constraint: target === tenantId ? `OK, and it is ${result}` : `not ${result}`,
      })),
    },
  );
}
