-- Reports of isolation checks, the last ones of each tenant (control/isolation/reports.ts). `report` is canonical JSON,
-- deflated: hundreds of like lines. The event ISOLATION_VERIFIED has its hash.
CREATE TABLE isolation_reports (
  report_id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants,
  checked_at TEXT NOT NULL,
  overall_pass INTEGER NOT NULL CHECK (overall_pass IN (0, 1)),
  checks INTEGER NOT NULL,
  allowed INTEGER NOT NULL,
  report_sha256 TEXT NOT NULL CHECK (length(report_sha256) = 64),
  report BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- With how each ended, so that a look at the last one reads no report.
CREATE INDEX isolation_reports_by_tenant ON isolation_reports (tenant_id, report_id, checked_at, overall_pass);
CREATE TRIGGER isolation_reports_are_final BEFORE UPDATE ON isolation_reports
  BEGIN SELECT RAISE(ABORT, 'a report stays as it was made'); END;
