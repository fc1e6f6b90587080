import type { Registry } from './open.ts';
import { type Keyset, readPage } from './page.ts';

/** One row of `isolation_reports`, but for the report itself. */
export interface IsolationReportRow {
  report_id: string;
  tenant_id: string;
  checked_at: string;
  overall_pass: 0 | 1;
  checks: number;
  allowed: number;
  /** SHA-256 of the report's canonical JSON. */
  report_sha256: string;
}

const COLUMNS = 'report_id, tenant_id, checked_at, overall_pass, checks, allowed, report_sha256';

/** Writes a report down, and drops the tenant's oldest beyond the last `keep`. Inside `registry.write`. */
export function insertReport(registry: Registry, row: IsolationReportRow, report: Buffer, keep: number): void {
  registry.run(
    `INSERT INTO isolation_reports (${COLUMNS}, report) VALUES (:report_id, :tenant_id, :checked_at, :overall_pass,
       :checks, :allowed, :report_sha256, :report)`,
    { ...row, report },
  );
  registry.run(
    `DELETE FROM isolation_reports WHERE tenant_id = :tenant AND report_id NOT IN
       (SELECT report_id FROM isolation_reports WHERE tenant_id = :tenant ORDER BY report_id DESC LIMIT :keep)`,
    { tenant: row.tenant_id, keep },
  );
}

/** One page of a tenant's reports, newest first, and how many are kept. */
export function pageOfReports(
  registry: Registry,
  tenant: string,
  page: Keyset,
): { rows: IsolationReportRow[]; total: number } {
  return readPage(
    registry,
    { table: 'isolation_reports', id: 'report_id', columns: COLUMNS, where: 'tenant_id = :tenant', totals: null },
    tenant,
    page,
  );
}

/** What is stored of a tenant's report, or null. */
export function findReport(registry: Registry, tenant: string, reportId: string): Buffer | null {
  return (
    registry.get<{ report: Buffer }>('SELECT report FROM isolation_reports WHERE tenant_id = ? AND report_id = ?', [
      tenant,
      reportId,
    ])?.report ?? null
  );
}

/** How a tenant's last check ended, or null before the first. One look into an index: it is asked with every tenant. */
export function lastCheck(registry: Registry, tenant: string): { checked_at: string; overall_pass: boolean } | null {
  const last = registry.get<Pick<IsolationReportRow, 'checked_at' | 'overall_pass'>>(
    `SELECT checked_at, overall_pass FROM isolation_reports WHERE tenant_id = ? ORDER BY report_id DESC LIMIT 1`,
    [tenant],
  );
  return last ? { checked_at: last.checked_at, overall_pass: last.overall_pass === 1 } : null;
}

/** What of a tenant's last check is in the index. */
const last = (column: 'checked_at' | 'overall_pass' | 'allowed') =>
  `(SELECT ${column} FROM isolation_reports r WHERE r.tenant_id = t.tenant_id ORDER BY report_id DESC LIMIT 1)`;

/**
 * Active tenants that were not checked after a moment, or never: who has waited longest comes first. O(active tenants),
 * a look into an index each: asked with every beat.
 */
export function uncheckedSince(registry: Registry, moment: string): string[] {
  return idsOf(
    registry,
    `SELECT tenant_id, coalesce(${last('checked_at')}, '') AS checked FROM tenants t
     WHERE state = 'ACTIVE' AND checked <= ? ORDER BY checked, tenant_id`,
    [moment],
  );
}

/** Active tenants whose last check did not pass. */
export function notIsolated(registry: Registry): string[] {
  const query = `SELECT tenant_id FROM tenants t WHERE state = 'ACTIVE' AND ${last('overall_pass')} = 0 ORDER BY tenant_id`;
  return idsOf(registry, query, []);
}

/** Active tenants whose last check did not pass although nothing was open: a store gave no answer. */
export function undecided(registry: Registry): string[] {
  const query = `SELECT tenant_id FROM tenants t WHERE state = 'ACTIVE' AND ${last('overall_pass')} = 0
    AND ${last('allowed')} = 0 ORDER BY tenant_id`;
  return idsOf(registry, query, []);
}

function idsOf(registry: Registry, query: string, values: string[]): string[] {
  return registry.all<{ tenant_id: string }>(query, values).map(({ tenant_id }) => tenant_id);
}
