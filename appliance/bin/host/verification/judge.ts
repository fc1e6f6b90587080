import type { Verdict } from '../../../bundle/preflight/check.ts';
import { type Check, GROUPS } from './check.ts';
import { CONTAINER_CHECKS } from './checks/containers.ts';
import { FILE_CHECKS } from './checks/files.ts';
import { NETWORK_CHECKS } from './checks/networks.ts';
import { SERVICE_CHECKS } from './checks/services.ts';
import { WAY_OUT_CHECKS } from './checks/ways-out.ts';
import type { Facts } from './facts.ts';

/** Every check, group by group. */
export const CHECKS: readonly Check[] = [
  ...NETWORK_CHECKS,
  ...WAY_OUT_CHECKS,
  ...CONTAINER_CHECKS,
  ...FILE_CHECKS,
  ...SERVICE_CHECKS,
].sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));

export interface Judged extends Verdict, Pick<Check, 'name' | 'group' | 'title'> {}

export interface Verification {
  version: string;
  host: string;
  checks: Judged[];
  /** How many there are of each result. */
  counts: Record<Verdict['result'], number>;
  /** Nothing failed. */
  ok: boolean;
}

/** Judges an installed box. Pure: the same facts give the same report. */
export function judgeInstallation(facts: Facts): Verification {
  const counts = { pass: 0, warn: 0, fail: 0 };
  const checks = CHECKS.map(({ name, group, title, judge }): Judged => {
    const verdict = judge(facts);
    counts[verdict.result] += 1;
    return { name, group, title, ...verdict };
  });
  return { version: facts.version, host: facts.host, checks, counts, ok: counts.fail === 0 };
}
