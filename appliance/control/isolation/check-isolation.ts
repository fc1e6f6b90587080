import { auditEntry } from '../../audit/entry.ts';
import type { Clock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { TenantResources } from '../provisioning/port.ts';
import type { Registry } from '../registry/open.ts';
import { appendEntries } from '../registry/outbox.ts';
import { needTenant, tenantsIn } from '../registry/tenants.ts';
import { PROBE_TENANT } from '../tenants/tenant-id.ts';
import type { IsolationReport } from '../verbs.ts';
import { keepReport } from './reports.ts';

/**
 * Runs the isolation check of a tenant (spec 3): its own things first, so that a dead credential never passes for a
 * closed door; then the probe tenant and every other active one. Suspended tenants are SKIPPED by name, and so is the
 * tenant itself while it is stopped. It passes when every own access is OK and every foreign one DENIED. The report is
 * kept as audit evidence: itself in the registry, its hash in ISOLATION_VERIFIED. O(tenants).
 */
export async function checkIsolation(
  parts: { registry: Registry; clock: Clock; resources: Pick<TenantResources, 'isolation'> },
  tenantId: string,
  actor: string,
): Promise<IsolationReport> {
  const { registry, clock, resources } = parts;
  const { state } = needTenant(registry, tenantId);
  const others = tenantsIn(registry, ['ACTIVE', 'SUSPENDED']).filter((other) => other.tenant_id !== tenantId);
  const runs = state === 'ACTIVE' || state === 'PROVISIONING';
  const found = runs
    ? await resources.isolation(tenantId, [
        { tenant_id: PROBE_TENANT, probe: true },
        ...others.filter((other) => other.state === 'ACTIVE').map(({ tenant_id }) => ({ tenant_id, probe: false })),
      ])
    : [{ store: 'all', test: 'own access', target: tenantId, result: 'SKIPPED' as const }];
  const skipped = runs
    ? others
        .filter((other) => other.state === 'SUSPENDED')
        .map(({ tenant_id }) => ({
          store: 'all',
          test: 'foreign access',
          target: tenant_id,
          result: 'SKIPPED' as const,
        }))
    : [];
  const timestamp = clock.iso();
  const checks = [...found, ...skipped].map((check) => ({ ...check, timestamp }));
  const report: IsolationReport = {
    report_id: newId(),
    tenant_id: tenantId,
    checked_at: timestamp,
    checks,
    overall_pass: passes(tenantId, found),
  };
  registry.write(() => {
    const { report_id, report_sha256 } = keepReport(registry, report);
    appendEntries(registry, [
      auditEntry(clock, 'ISOLATION_VERIFIED', {
        tenant_id: tenantId,
        actor,
        resource_id: tenantId,
        status: report.overall_pass ? 'success' : 'failure',
        adds: {
          report_id,
          report_sha256,
          overall_pass: report.overall_pass,
          checks: checks.length,
          allowed: checks
            .filter(({ result }) => result === 'ALLOWED')
            .map(({ store, test, target }) => `${store}: ${test}: ${target}`),
        },
      }),
    ]);
  });
  return report;
}

/** Own things: some, and all OK. Foreign things: some, and all DENIED. Nothing tried is nothing proven. */
function passes(tenantId: string, found: readonly { target: string; result: string }[]): boolean {
  const own = found.filter(({ target }) => target === tenantId);
  const foreign = found.filter(({ target }) => target !== tenantId);
  return (
    own.length > 0 &&
    foreign.length > 0 &&
    own.every(({ result }) => result === 'OK') &&
    foreign.every(({ result }) => result === 'DENIED')
  );
}
