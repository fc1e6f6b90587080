import type { MetadataProblem } from '../api/custom-fields/metadata.ts';
import type { AcceptanceReport, BatchStatus, FileStatus } from '../api/schemas/ingest.ts';
import { newId } from '../kernel/ids.ts';
import type { BatchRow, DocumentRow, ManifestFile, Receipt } from '../stores/record/rows.ts';
import { remedyFor } from './remedies.ts';

/** Batch status and acceptance report, made from receipts and documents (spec 2). Pure. */

export interface BatchFile {
  file: ManifestFile;
  receipt: Receipt | null;
  document: DocumentRow | null;
}

interface Findings {
  parsing?: {
    coverage?: number;
    pages?: number;
    chunks?: number;
    ocr_pages?: number;
    dropped_content?: { element_type: string; page: number; reason: string; remediation: string }[];
    warnings?: string[];
  };
  policy?: { injection_max_score?: number; chunks_quarantined?: number; pii_types?: string[] };
}

type Problem = AcceptanceReport['files'][number]['problems'][number];

const NOT_STARTED = Object.freeze({
  intake: 'queued',
  parse: 'queued',
  policy: 'queued',
  embed: 'queued',
  index: 'queued',
} as const);

/** Stages and error of one file. A file that never came stands with `missing`. */
export function fileStatus({ file, receipt, document }: BatchFile): FileStatus {
  const refused = receipt !== null && receipt.status !== 'accepted';
  const outcome = receipt?.status === 'rejected' ? ('failed' as const) : ('quarantined' as const);
  const skipped = { intake: outcome, parse: 'skipped', policy: 'skipped', embed: 'skipped', index: 'skipped' } as const;
  return {
    file_id: file.file_id,
    original_filename: file.filename,
    doc_id: receipt?.doc_id ?? null,
    receipt_id: receipt?.receipt_id ?? null,
    status: receipt?.status ?? 'missing',
    state: document?.state ?? null,
    current_stage: document?.current_stage ?? (refused ? 'intake' : null),
    stages: document?.stages ?? (refused ? skipped : { ...NOT_STARTED }),
    error: document?.error ?? null,
  };
}

export function batchStatus(
  tenant_id: string,
  batch: BatchRow,
  files: BatchFile[],
  report: AcceptanceReport | null,
): BatchStatus {
  const statuses = files.map(fileStatus);
  const count = (test: (status: FileStatus) => boolean) => statuses.filter(test).length;
  const processing = (status: FileStatus) => status.state === 'processing';
  const running = (status: FileStatus) => processing(status) && Object.values(status.stages).includes('processing');
  return {
    batch_id: batch.batch_id,
    tenant_id,
    status: batch.status,
    submitted_at: batch.submitted_at,
    updated_at: batch.updated_at,
    summary: {
      total_files: batch.file_count,
      completed: count(({ state }) => state === 'indexed'),
      processing: count(running),
      queued: count((status) => processing(status) && !running(status)),
      held: count(({ state }) => state === 'held'),
      failed: count(
        (status) =>
          status.status === 'rejected' ||
          isUnhappyEnd(status.state) ||
          (status.status === 'quarantined' && status.state === null),
      ),
    },
    files: statuses,
    acceptance_report: report,
  };
}

function isUnhappyEnd(state: string | null): boolean {
  return state !== null && (state === 'quarantined' || state === 'cancelled' || state.endsWith('_failed'));
}

export interface ReportInput {
  tenant_id: string;
  batch: BatchRow;
  files: BatchFile[];
  final: boolean;
  generated_at: string;
}

/** The acceptance report: counts, per file what happened, and a mend for every problem. O(files). */
export function acceptanceReport({
  tenant_id,
  batch,
  files,
  final,
  generated_at,
}: ReportInput): AcceptanceReport & Record<string, unknown> {
  const lines = files.map(reportLine);
  const receipts = files.map(({ receipt }) => receipt);
  const documents = uniqueDocuments(files);
  const state = (test: (document: DocumentRow) => boolean) => documents.filter(test).length;
  const parsed = documents.filter(({ canonical_sha256 }) => canonical_sha256 !== null);
  const warned = parsed.filter((document) => parsingOf(document).warnings?.length);
  const sum = (value: (document: DocumentRow) => number | null) =>
    documents.reduce((total, document) => total + (value(document) ?? 0), 0);
  const classifications: Record<string, number> = {};
  for (const { classification } of documents) {
    if (classification) classifications[classification] = (classifications[classification] ?? 0) + 1;
  }
  return {
    report_id: newId(),
    generated_at,
    final,
    batch_id: batch.batch_id,
    tenant_id,
    summary: {
      files_submitted: batch.file_count,
      files_accepted: receipts.filter((receipt) => receipt?.status === 'accepted').length,
      files_rejected: receipts.filter((receipt) => receipt?.status === 'rejected').length,
      files_quarantined: files.filter(
        ({ receipt, document }) => receipt?.status === 'quarantined' || document?.state === 'quarantined',
      ).length,
      files_duplicate: receipts.filter((receipt) => receipt?.duplicate_of).length,
      files_held: state((document) => document.state === 'held'),
      files_parsed_successfully: parsed.length - warned.length,
      files_parsed_with_warnings: warned.length,
      files_parse_failed: state((document) => document.state === 'parse_failed'),
      total_chunks_produced: sum(({ chunk_count }) => chunk_count),
      total_chunks_indexed: sum(({ chunks_indexed }) => chunks_indexed),
      total_chunks_quarantined: sum(({ chunks_quarantined }) => chunks_quarantined),
      classifications,
    },
    files: lines,
  };
}

/** Two files of a batch may be the same document; it counts once. */
function uniqueDocuments(files: BatchFile[]): DocumentRow[] {
  return [
    ...new Map(files.flatMap(({ document }) => (document ? [[document.doc_id, document] as const] : []))).values(),
  ];
}

function reportLine({ file, receipt, document }: BatchFile): AcceptanceReport['files'][number] {
  const parsing = document ? parsingOf(document) : null;
  const policy = document ? ((document.findings as Findings).policy ?? null) : null;
  return {
    file_id: file.file_id,
    original_filename: file.filename,
    doc_id: receipt?.doc_id ?? null,
    status: document?.state ?? receipt?.status ?? 'missing',
    duplicate_of: receipt?.duplicate_of ?? null,
    intake: {
      reason: receipt?.reason ?? null,
      message: receipt?.message ?? null,
      scan_result: receipt?.scan_result ?? null,
    },
    parsing:
      parsing && document?.canonical_sha256
        ? {
            coverage: parsing.coverage ?? null,
            pages: parsing.pages ?? null,
            chunks: parsing.chunks ?? null,
            ocr_pages: parsing.ocr_pages ?? null,
            dropped_content: parsing.dropped_content ?? [],
            warnings: parsing.warnings ?? [],
          }
        : null,
    policy:
      policy && document?.enriched_sha256
        ? {
            injection_max_score: policy.injection_max_score ?? null,
            chunks_quarantined: policy.chunks_quarantined ?? null,
            pii_types: policy.pii_types ?? [],
            classification: document.classification,
            classification_confidence: document.classification_confidence,
          }
        : null,
    indexing: document?.indexed_at
      ? { chunks_indexed: document.chunks_indexed, indexed_at: document.indexed_at }
      : null,
    problems: problems(receipt, document),
  };
}

/** Everything that went wrong or is missing, each with its mend. */
function problems(receipt: Receipt | null, document: DocumentRow | null): Problem[] {
  const found: Problem[] = [];
  const add = (code: string, message?: string | null, remediation?: string | null) => {
    const words = remedyFor(code);
    found.push({ code, message: message ?? words.message, remediation: remediation ?? words.remediation });
  };
  const fields = (receipt?.reason === 'METADATA_INVALID' && receipt.details?.problems) || [];
  for (const { field, constraint, remediation } of fields as MetadataProblem[]) {
    add('METADATA_INVALID', `Metadata: ${field} ${constraint}.`, remediation);
  }
  if (receipt?.reason && found.length === 0) add(receipt.reason, receipt.message, receipt.remediation);
  if (!document) return found;
  if (document.error && document.state !== 'indexed') add(document.error.code);
  if (document.rejection?.scope === 'document') add('QUARANTINE_REJECTED');
  else if (
    document.state === 'quarantined' &&
    document.quarantine_reason &&
    document.quarantine_reason !== receipt?.reason
  )
    add(document.quarantine_reason);
  if (document.state === 'held') add('HELD_FOR_REVIEW');
  if (document.state === 'indexed' && (document.chunks_quarantined ?? 0) > 0) add('CHUNKS_QUARANTINED');
  const { warnings = [], dropped_content = [] } = parsingOf(document);
  for (const warning of warnings) if (warning !== 'CONTENT_DROPPED') add(warning);
  for (const { element_type, page, reason, remediation } of dropped_content) {
    add('CONTENT_DROPPED', `Page ${page}: ${element_type.replaceAll('_', ' ')} left out (${reason}).`, remediation);
  }
  return found;
}

function parsingOf(document: DocumentRow): NonNullable<Findings['parsing']> {
  return (document.findings as Findings).parsing ?? {};
}
