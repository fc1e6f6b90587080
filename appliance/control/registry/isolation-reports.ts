import type { Registry } from './open.ts';

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

/** A tenant's reports, newest first; `after` is the id of the last one seen. */
export function pageOfReports(
  registry: Registry,
  tenant: string,
  { limit, offset = 0, after }: { limit: number; offset?: number; after?: string },
): { rows: IsolationReportRow[]; total: number } {
  return registry.read(() => ({
    rows: registry.all<IsolationReportRow>(
      `SELECT ${COLUMNS} FROM isolation_reports WHERE tenant_id = :tenant AND (:after IS NULL OR report_id < :after)
       ORDER BY report_id DESC LIMIT :limit OFFSET :offset`,
      { tenant, after: after ?? null, limit, offset: after === undefined ? offset : 0 },
    ),
    total: registry.get<{ n: number }>('SELECT count(*) AS n FROM isolation_reports WHERE tenant_id = ?', [tenant])!.n,
  }));
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

/** A tenant's last report, or null. */
export function lastReport(registry: Registry, tenant: string): IsolationReportRow | null {
  return (
    registry.get<IsolationReportRow>(
      `SELECT ${COLUMNS} FROM isolation_reports WHERE tenant_id = ? ORDER BY report_id DESC LIMIT 1`,
      [tenant],
    ) ?? null
  );
}

/** Active tenants that were not checked after a moment, or never: who has waited longest comes first. */
export function uncheckedSince(registry: Registry, moment: string): string[] {
  return registry
    .all<{ tenant_id: string }>(
      `SELECT t.tenant_id, coalesce(max(r.checked_at), '') AS last FROM tenants t
       LEFT JOIN isolation_reports r ON r.tenant_id = t.tenant_id
       WHERE t.state = 'ACTIVE' GROUP BY t.tenant_id HAVING last <= ? ORDER BY last, t.tenant_id`,
      [moment],
    )
    .map(({ tenant_id }) => tenant_id);
}

/** Active tenants whose last check did not pass. */
export function notIsolated(registry: Registry): string[] {
  return registry
    .all<{ tenant_id: string }>(
      `SELECT t.tenant_id FROM tenants t JOIN isolation_reports r ON r.report_id =
         (SELECT max(report_id) FROM isolation_reports WHERE tenant_id = t.tenant_id)
       WHERE t.state = 'ACTIVE' AND r.overall_pass = 0 ORDER BY t.tenant_id`,
    )
    .map(({ tenant_id }) => tenant_id);
}
