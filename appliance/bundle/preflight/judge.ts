import { FrostbyteError } from '../../kernel/errors.ts';
import { type Check, GROUPS, type Verdict } from './check.ts';
import { CONTAINER_CHECKS } from './checks/containers.ts';
import { DISK_CHECKS } from './checks/disks.ts';
import { HOST_CHECKS } from './checks/host.ts';
import { INSTALLATION_CHECKS } from './checks/installation.ts';
import { NETWORK_CHECKS } from './checks/network.ts';
import { PROTECTION_CHECKS } from './checks/protection.ts';
import { RESOURCE_CHECKS } from './checks/resources.ts';
import type { Facts } from './facts.ts';
import type { Needs } from './needs.ts';

/** Every check, group by group. */
export const CHECKS: readonly Check[] = [
  ...HOST_CHECKS,
  ...RESOURCE_CHECKS,
  ...DISK_CHECKS,
  ...PROTECTION_CHECKS,
  ...CONTAINER_CHECKS,
  ...NETWORK_CHECKS,
  ...INSTALLATION_CHECKS,
].sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));

export interface Judged extends Omit<Verdict, 'result'>, Pick<Check, 'name' | 'group' | 'title' | 'strict'> {
  /** `allowed`: it failed, and the operator goes on all the same. */
  result: Verdict['result'] | 'allowed';
}

export interface Report {
  version: string;
  host: string;
  system: string | null;
  checks: Judged[];
  /** How many there are of each result. */
  counts: Record<Judged['result'], number>;
  /** Nothing failed that was not allowed. */
  ok: boolean;
}

/** Judges a host. Pure: the same facts and needs give the same report. Throws as `refuseAllowed`. */
export function judgeHost(facts: Facts, needs: Needs, allowed: readonly string[] = []): Report {
  refuseAllowed(allowed);
  const counts = { pass: 0, warn: 0, fail: 0, allowed: 0 };
  const checks = CHECKS.map(({ name, group, title, strict, judge }): Judged => {
    const verdict = judge(facts, needs);
    const result = verdict.result === 'fail' && allowed.includes(name) ? 'allowed' : verdict.result;
    counts[result] += 1;
    return { name, group, title, strict, ...verdict, result };
  });
  const { hostname: host, name: system } = facts.system;
  return { version: needs.version, host, system, checks, counts, ok: counts.fail === 0 };
}

/** Throws `VALIDATION_ERROR` for a name that no check has, and for one that is strict. */
export function refuseAllowed(allowed: readonly string[]): void {
  const details = allowed.flatMap((name) => {
    const check = CHECKS.find((each) => each.name === name);
    if (check === undefined) {
      const loose = CHECKS.filter(({ strict }) => !strict).map((each) => each.name);
      return [{ field: 'allow', value: name, constraint: `one of ${loose.join(', ')}` }];
    }
    return check.strict
      ? [{ field: 'allow', value: name, constraint: 'a check that is not strict: mend it instead' }]
      : [];
  });
  if (details.length === 0) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'That cannot be allowed.', { details });
}

/** Throws `PREFLIGHT_FAILED`, naming every check that failed with its mend. */
export function refuseFailed({ checks, ok }: Report): void {
  if (ok) return;
  throw new FrostbyteError('PREFLIGHT_FAILED', 'This host cannot take the release yet. Nothing was changed.', {
    details: checks
      .filter(({ result }) => result === 'fail')
      .map(({ name, found, mend }) => ({
        field: name,
        constraint: found,
        ...(mend === null ? {} : { remediation: mend }),
      })),
  });
}
