import type { IsolatedStores, IsolationFinding } from '../provisioning/port.ts';

/** Whether findings are a pass: some own things, and all OK; some foreign ones, and all DENIED. No answer is neither. */
export function passes(tenantId: string, found: readonly IsolationFinding[]): boolean {
  const own = found.filter(({ target }) => target === tenantId);
  const foreign = found.filter(({ target }) => target !== tenantId);
  return (
    own.length > 0 &&
    foreign.length > 0 &&
    own.every(({ result }) => result === 'OK') &&
    foreign.every(({ result }) => result === 'DENIED')
  );
}

/**
 * What stands in the report for each store that the appliance has and of which nothing was tried: nothing tried is nothing
 * proven. A store whose own door is shut is not tried any further, and that says enough.
 */
export function untried(
  tenantId: string,
  probe: string,
  found: readonly IsolationFinding[],
  stores: IsolatedStores,
): IsolationFinding[] {
  const reason = 'nothing of it was tried';
  const isOwn = (one: IsolationFinding): boolean => one.target === tenantId;
  const lacksOwn = stores.own.filter((store) => !found.some((one) => one.store === store && isOwn(one)));
  const lacksForeign = stores.foreign.filter(
    (store) => !found.some((one) => one.store === store && (!isOwn(one) || one.result !== 'OK')),
  );
  return [
    ...lacksOwn.map((store) => ({ store, test: 'own access', target: tenantId, result: 'SKIPPED' as const, reason })),
    ...lacksForeign.map((store) => ({
      store,
      test: 'foreign access',
      target: probe,
      result: 'SKIPPED' as const,
      reason,
    })),
  ];
}

/** What could not be found out about, where nothing was found open: the check is worth another try. */
export function unanswered(
  checks: readonly Pick<IsolationFinding, 'store' | 'test' | 'result' | 'reason'>[],
): string[] {
  if (checks.some(({ result }) => result === 'ALLOWED')) return [];
  return checks
    .filter(({ result, reason }) => result === 'SKIPPED' && reason !== undefined)
    .map(({ store, test, reason }) => `${store}: ${test} (${reason})`);
}
