import { type AcceptanceReport, FILE_OUTCOMES, type FileOutcome } from '../../appliance/api/schemas/ingest.ts';

/** Acceptance reports made by hand. */
type File = AcceptanceReport['files'][number];

const AT = '2026-02-03T09:05:07.000Z';
const ID = '0197a000-0000-7000-8000-000000000001';

export function reportFile(n: number, changes: Partial<File> = {}): File {
  return {
    file_id: `f${n}`,
    original_filename: `file-${n}.pdf`,
    doc_id: `doc_${String(n).padStart(16, '0')}`,
    status: 'indexed',
    outcome: 'indexed',
    duplicate_of: null,
    intake: {
      receipt_id: ID,
      received_at: AT,
      mime_type: 'application/pdf',
      size_bytes: 123_456,
      sha256: 'c'.repeat(64),
      reason: null,
      message: null,
      remediation: null,
      details: null,
      scan_result: 'clean',
    },
    parsing: {
      coverage: 0.999,
      pages: 3,
      chunks: 12,
      tables: 1,
      figures: 0,
      ocr_pages: 0,
      ocr_avg_confidence: null,
      dropped_content: [],
      hidden_text: [],
      warnings: [],
    },
    policy: {
      injection_max_score: 0,
      chunks_flagged: 0,
      chunks_quarantined: 0,
      pii_types: [],
      pii_action_taken: 'none',
      classification: 'contract',
      classification_confidence: 0.97,
      human_override: false,
      released: false,
      config_version: 1,
      policy_version: '1',
    },
    indexing: { chunks_indexed: 12, indexed_at: AT, embed_model: 'lexical', embed_version: '1' },
    problems: [],
    ...changes,
  };
}

export function reportOf(files: File[], changes: Partial<AcceptanceReport> = {}): AcceptanceReport {
  const outcomes = Object.fromEntries(FILE_OUTCOMES.map((name) => [name, 0])) as Record<FileOutcome, number>;
  for (const { outcome } of files) outcomes[outcome]++;
  return {
    report_id: ID,
    generated_at: AT,
    final: outcomes.held === 0,
    batch_id: 'b1',
    tenant_id: 'acme',
    submitted_at: AT,
    submitted_by: 'dana',
    submitter: null,
    summary: {
      files_submitted: files.length,
      files_accepted: files.length - outcomes.rejected,
      files_rejected: outcomes.rejected,
      files_quarantined: outcomes.quarantined,
      files_duplicate: 0,
      files_held: outcomes.held,
      files_parsed_successfully: outcomes.indexed,
      files_parsed_with_warnings: 0,
      files_parse_failed: outcomes.failed,
      total_chunks_produced: 12 * files.length,
      total_chunks_indexed: 12 * outcomes.indexed,
      total_chunks_quarantined: 0,
      classifications: { contract: files.length },
      pii_types: {},
      outcomes,
    },
    files,
    ...changes,
  };
}
