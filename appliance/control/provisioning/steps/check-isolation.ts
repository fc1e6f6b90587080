import { FrostbyteError } from '../../../kernel/errors.ts';
import { unanswered } from '../../isolation/verdict.ts';
import type { IsolationReport } from '../../verbs.ts';
import type { Step } from '../step.ts';

/**
 * The isolation check. A door that is open fails the plan at once: nothing is tried a second time until it happens to be
 * shut. An own one that is shut, and one that gave no answer, is a store that did not answer, and tried again as any other;
 * it fails the plan when it stays so.
 */
export const checkIsolation: Step = Object.freeze({
  name: 'isolation',
  do: async ({ checkIsolation: check, tenantId, actor }) => {
    const report = await check(tenantId, actor);
    if (report.overall_pass) return;
    const silent = unanswered(report.checks);
    if (silent.length > 0) {
      throw new FrostbyteError(
        'STORE_UNAVAILABLE',
        `The isolation check could not find out about ${silent.slice(0, 5).join(', ')}.`,
      );
    }
    const shut = shutDoors(report);
    if (shut.length === 0) throw new FrostbyteError('ISOLATION_VIOLATED', 'The isolation check did not pass.');
    throw new FrostbyteError(
      'STORE_UNAVAILABLE',
      `The isolation check did not come to what is the tenant’s own: ${shut.join(', ')}.`,
    );
  },
  verify: async () => undefined,
  undo: async () => undefined,
} satisfies Step);

/** The tenant's own doors that are not open, where all that others have is shut too. */
function shutDoors({ tenant_id, checks }: IsolationReport): string[] {
  if (checks.some(({ target, result }) => target !== tenant_id && result === 'ALLOWED')) return [];
  return checks
    .filter(({ target, result }) => target === tenant_id && result === 'DENIED')
    .map(({ store, test }) => `${store}: ${test}`);
}
