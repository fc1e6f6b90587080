import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import {
  findReport,
  type IsolationReportRow,
  insertReport,
  notIsolated,
  pageOfReports,
  uncheckedSince,
} from '../registry/isolation-reports.ts';
import type { Registry } from '../registry/open.ts';
import { needTenant } from '../registry/tenants.ts';
import type { ControlVerbs, IsolationReport, IsolationSummary } from '../verbs.ts';

/** How many reports of a tenant are kept. Each one's hash stays in the audit log for good. */
export const REPORTS_KEPT = 30;

/**
 * Keeps a report and answers what of it stands in lists and in the log. Inside `registry.write`. Some 15 KiB for fifty
 * tenants.
 */
export function keepReport(registry: Registry, report: IsolationReport): IsolationSummary {
  const text = canonicalJson(report);
  const row: IsolationReportRow = {
    report_id: report.report_id,
    tenant_id: report.tenant_id,
    checked_at: report.checked_at,
    overall_pass: report.overall_pass ? 1 : 0,
    checks: report.checks.length,
    allowed: report.checks.filter(({ result }) => result === 'ALLOWED').length,
    report_sha256: sha256Hex(text),
  };
  insertReport(registry, row, deflateRawSync(text), REPORTS_KEPT);
  return summaryOf(row);
}

/** A kept report as lists show it. */
export function summaryOf(row: IsolationReportRow): IsolationSummary {
  return { ...row, overall_pass: row.overall_pass === 1 };
}

/**
 * Throws `ISOLATION_VIOLATED` while the last check of an active tenant has not passed, or is older than it may be: health is
 * red until one does. `overdueBefore`: the moment that a last check must be after, or null.
 */
export function needIsolation(registry: Registry, overdueBefore: string | null): void {
  const open = notIsolated(registry);
  const late = overdueBefore === null ? [] : uncheckedSince(registry, overdueBefore).filter((id) => !open.includes(id));
  const says = [
    ...(open.length === 0 ? [] : [`The isolation check of ${open.length} tenant(s) did not pass.`]),
    ...(late.length === 0 ? [] : [`The isolation check of ${late.length} tenant(s) is overdue.`]),
  ];
  if (says.length === 0) return;
  throw new FrostbyteError(
    'ISOLATION_VIOLATED',
    `${says.join(' ')} frostbyte tenant isolation list shows it, tenant verify checks again.`,
    { details: [{ field: 'tenant_id', value: [...open, ...late].join(', '), constraint: 'isolated from all others' }] },
  );
}

/** The verbs that show what isolation checks found. */
export function isolationVerbs(registry: Registry): Pick<ControlVerbs, 'isolationReports' | 'isolationReport'> {
  return {
    isolationReports: async (tenantId, page) => {
      needTenant(registry, tenantId);
      const { rows, total } = pageOfReports(registry, tenantId, page);
      return { reports: rows.map(summaryOf), total };
    },
    isolationReport: async (tenantId, reportId) => {
      needTenant(registry, tenantId);
      const kept = findReport(registry, tenantId, reportId);
      if (kept !== null) return JSON.parse(inflateRawSync(kept).toString('utf8')) as IsolationReport;
      throw new FrostbyteError(
        'RESOURCE_NOT_FOUND',
        `There is no such report of this tenant: the last ${REPORTS_KEPT} are kept.`,
      );
    },
  };
}
