import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AcceptanceReport } from '../../../appliance/api/schemas/ingest.ts';
import { reportPage } from '../../../appliance/data/report-page/page.ts';
import { storedReport } from '../../../appliance/data/stored-report.ts';
import type { BatchRow } from '../../../appliance/stores/record/rows.ts';
import { reportFile, reportOf } from '../../support/report.ts';

const batch = {
  submitted_at: '2026-01-01T00:00:00.000Z',
  submitted_by: 'dana',
  submitter: 'Dana',
  files: [{ file_id: 'f1', filename: 'a.pdf', mime_type: 'application/pdf', size_bytes: 7, sha256: 'a'.repeat(64) }],
} as BatchRow;
const recordsWith = (report: Record<string, unknown> | null) => ({
  report: async () => report,
  batch: async () => batch,
});

test('a report of today comes as it was stored; where there is none there is none', async () => {
  const report = reportOf([reportFile(1)]);
  assert.deepEqual(await storedReport(recordsWith(report), 'b1'), report);
  assert.equal(await storedReport(recordsWith(null), 'b1'), null);
});

test('a report of an earlier version comes in today’s form, with nothing made up', async () => {
  const { pii_types: _types, outcomes: _outcomes, ...summary } = reportOf([]).summary;
  const line = (status: string, code: string | null) => ({
    file_id: 'f1',
    original_filename: 'a.pdf',
    doc_id: 'doc_0000000000000001',
    status,
    duplicate_of: null,
    intake: { reason: null, message: null, scan_result: 'skipped' },
    parsing: { coverage: 1, pages: 2, chunks: 3, ocr_pages: 0, dropped_content: [], warnings: [] },
    policy: {
      injection_max_score: 0,
      chunks_quarantined: 0,
      pii_types: [],
      classification: 'contract',
      classification_confidence: 0.9,
    },
    indexing: { chunks_indexed: 3, indexed_at: '2026-01-01T00:00:00.000Z' },
    problems: code === null ? [] : [{ code, message: 'm', remediation: 'r' }],
  });
  const old = {
    report_id: '0197a000-0000-7000-8000-000000000001',
    generated_at: '2026-01-01T00:00:00.000Z',
    final: true,
    batch_id: 'b1',
    tenant_id: 'acme',
    summary,
    files: [line('indexed', null), line('parse_failed', 'FILE_ENCRYPTED'), line('held', 'LOW_COVERAGE')],
  };
  const report = AcceptanceReport.parse(await storedReport(recordsWith(old), 'b1'));
  assert.deepEqual(
    report.files.map(({ outcome, problems }) => [outcome, problems[0]?.severity]),
    [
      ['indexed', undefined],
      ['failed', 'blocked'],
      ['held', 'warning'],
    ],
  );
  assert.deepEqual([report.submitted_by, report.submitter], ['dana', 'Dana']);
  assert.equal(report.files[0]!.intake.sha256, 'a'.repeat(64));
  assert.equal(report.files[0]!.intake.receipt_id, null);
  assert.equal(report.summary.outcomes.failed, 1);
  assert.match(reportPage(report), /1 of 3|1 of 0/);
});
