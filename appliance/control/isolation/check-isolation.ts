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
import { passes, untried } from './verdict.ts';

/**
 * Runs the isolation check of a tenant (spec 3): its own things first, so that a dead credential never passes for a
 * closed door; then the probe tenant and every other active one. Suspended tenants are SKIPPED by name, and so is the
 * tenant itself while it is stopped. It passes when in every store that there is every own access is OK and every foreign
 * one DENIED; what gave no answer is SKIPPED with the reason, and no pass. The report is kept as audit evidence whatever it
 * says: itself in the registry, its hash in ISOLATION_VERIFIED. O(tenants).
 */
export async function checkIsolation(
  parts: { registry: Registry; clock: Clock; resources: Pick<TenantResources, 'isolation' | 'isolated'> },
  tenantId: string,
  actor: string,
): Promise<IsolationReport> {
  const { registry, clock, resources } = parts;
  const { state } = needTenant(registry, tenantId);
  const others = tenantsIn(registry, ['ACTIVE', 'SUSPENDED']).filter((other) => other.tenant_id !== tenantId);
  const runs = state === 'ACTIVE' || state === 'PROVISIONING';
  const tried = runs
    ? await resources.isolation(tenantId, [
        { tenant_id: PROBE_TENANT, probe: true },
        ...others.filter((other) => other.state === 'ACTIVE').map(({ tenant_id }) => ({ tenant_id, probe: false })),
      ])
    : [{ store: 'all', test: 'own access', target: tenantId, result: 'SKIPPED' as const }];
  const found = runs ? [...tried, ...untried(tenantId, PROBE_TENANT, tried, resources.isolated)] : tried;
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
