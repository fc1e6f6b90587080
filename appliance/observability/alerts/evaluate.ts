import type { Taken } from '../measuring/window.ts';
import { RULES, type Rule, type RuleName } from './rules.ts';

/** An alert that holds now. */
export interface Alert {
  rule: RuleName;
  severity: Rule['severity'];
  tenant_id: string;
  value: number;
  above: number;
  since: string;
  summary: string;
  mend: string;
}

/** What is asked of the samples of a tenant: by the minute as far as they reach, else by the quarter of an hour. */
export interface Windows {
  fine: readonly Taken[];
  week: readonly Taken[];
}

/** Rules that look further back than samples by the minute are kept. */
const BY_THE_WEEK: ReadonlySet<RuleName> = new Set(['TenantStorageGrowthTrend']);

/**
 * Which alerts hold for a tenant at a moment (in seconds). `before` are those of the last look: one that goes on keeps when it
 * began. Pure. O(samples).
 */
export function alertsOf(
  tenantId: string,
  { fine, week }: Windows,
  now: number,
  before: readonly Alert[] = [],
): Alert[] {
  return (Object.entries(RULES) as [RuleName, Rule][]).flatMap(
    ([rule, { severity, summary, mend, above, measure }]) => {
      const value = measure(BY_THE_WEEK.has(rule) ? week : fine, now);
      if (value === null || !(value > above)) return [];
      const earlier = before.find((one) => one.rule === rule && one.tenant_id === tenantId);
      const since = earlier?.since ?? new Date(now * 1000).toISOString();
      return [{ rule, severity, tenant_id: tenantId, value, above, since, summary, mend }];
    },
  );
}
