import { type AcceptanceReport, type BatchStatus, FILE_OUTCOMES, type FileStatus } from '../api/schemas/ingest.ts';
import { newId } from '../kernel/ids.ts';
import { remedyFor } from '../kernel/remedies.ts';
import { type BatchRow, type DocumentRow, ERASED, type Receipt } from '../stores/record/rows.ts';
import { type BatchFile, findingsOf, isErased, reportLine } from './report-line.ts';

/** Batch status and acceptance report, made from receipts and documents (spec 2). Pure. */

export { type BatchFile, isErased } from './report-line.ts';

const throughout = <S extends 'queued' | 'cancelled'>(state: S) =>
  Object.freeze({ intake: state, parse: state, policy: state, embed: state, index: state });
const NOT_STARTED = throughout('queued');
const NEVER_STARTS = throughout('cancelled');

/**
 * Stages and error of one file. A file that has not come stands with `missing`: it is waited for while the batch is being
 * received, and afterwards it never will come, as only a cancelled batch goes on without it. One that was erased stands
 * without its name.
 */
export function fileStatus(batchFile: BatchFile, batch: Pick<BatchRow, 'status'>): FileStatus {
  const { file, receipt, document } = batchFile;
  if (isErased(batchFile)) return erasedStatus(batchFile);
  const refused = receipt !== null && receipt.status !== 'accepted';
  const outcome = receipt?.status === 'rejected' ? ('failed' as const) : ('quarantined' as const);
  const skipped = { intake: outcome, parse: 'skipped', policy: 'skipped', embed: 'skipped', index: 'skipped' } as const;
  const kept = document === null || document.state === 'quarantined';
  const reason = kept ? (document?.quarantine_reason ?? receipt?.reason ?? null) : null;
  return {
    file_id: file.file_id,
    original_filename: file.filename,
    doc_id: receipt?.doc_id ?? null,
    receipt_id: receipt?.receipt_id ?? null,
    status: receipt?.status ?? 'missing',
    state: document?.state ?? null,
    current_stage: document?.current_stage ?? (refused ? 'intake' : null),
    stages:
      document?.stages ?? (refused ? skipped : { ...(batch.status === 'receiving' ? NOT_STARTED : NEVER_STARTS) }),
    error: document?.error ?? (reason === null ? null : refusal(reason, receipt)),
  };
}

/** Why intake did not take a file, or a gate keeps it, in the form of a stage's error. */
function refusal(code: string, receipt: Receipt | null): NonNullable<FileStatus['error']> {
  const atDoor = receipt?.reason === code;
  return {
    stage: atDoor || code === 'MALWARE_DETECTED' ? 'intake' : 'policy',
    code,
    message: (atDoor && receipt.message) || remedyFor(code).message,
    retry_count: 0,
    last_retry_at: null,
  };
}

function erasedStatus({ file, receipt }: BatchFile): FileStatus {
  return {
    file_id: file.file_id,
    original_filename: ERASED,
    doc_id: receipt?.doc_id ?? null,
    receipt_id: receipt?.receipt_id ?? null,
    status: 'erased',
    state: null,
    current_stage: null,
    stages: { intake: 'completed', parse: 'skipped', policy: 'skipped', embed: 'skipped', index: 'skipped' },
    error: null,
  };
}

export function batchStatus(
  tenant_id: string,
  batch: BatchRow,
  files: BatchFile[],
  report: AcceptanceReport | null,
): BatchStatus {
  const statuses = files.map((file) => fileStatus(file, batch));
  const count = (test: (status: FileStatus) => boolean) => statuses.filter(test).length;
  const processing = (status: FileStatus) => status.state === 'processing';
  const running = (status: FileStatus) => processing(status) && Object.values(status.stages).includes('processing');
  // As `fileStatus` says of a file that has not come.
  const awaited = batch.status === 'receiving' ? 'queued' : 'failed';
  const missing = (place: typeof awaited) => (place === awaited ? count(({ status }) => status === 'missing') : 0);
  return {
    batch_id: batch.batch_id,
    tenant_id,
    status: batch.status,
    submitted_at: batch.submitted_at,
    updated_at: batch.updated_at,
    summary: {
      total_files: batch.file_count,
      completed: count(({ state, status }) => state === 'indexed' || status === 'erased'),
      processing: count(running),
      queued: count((status) => processing(status) && !running(status)) + missing('queued'),
      held: count(({ state }) => state === 'held'),
      failed:
        count(
          (status) =>
            status.status === 'rejected' ||
            isUnhappyEnd(status.state) ||
            (status.status === 'quarantined' && status.state === null),
        ) + missing('failed'),
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
  return {
    report_id: newId(),
    generated_at,
    final,
    batch_id: batch.batch_id,
    tenant_id,
    submitted_at: batch.submitted_at,
    submitted_by: batch.submitted_by,
    submitter: batch.submitter,
    summary: summaryOf(batch, files, lines),
    files: lines,
  };
}

function summaryOf(batch: BatchRow, files: BatchFile[], lines: AcceptanceReport['files']): AcceptanceReport['summary'] {
  const receipts = files.map(({ receipt }) => receipt);
  const documents = uniqueDocuments(files);
  const inState = (name: DocumentRow['state']) => files.filter(({ document }) => document?.state === name).length;
  // One that could not be parsed again still has its earlier version.
  const parsed = files.flatMap(({ document }) =>
    document !== null && document.canonical_sha256 !== null && document.state !== 'parse_failed' ? [document] : [],
  );
  const warned = parsed.filter((document) => findingsOf(document).parsing?.warnings?.length);
  const sum = (value: (document: DocumentRow) => number | null) =>
    documents.reduce((total, document) => total + (value(document) ?? 0), 0);
  const outcomes = Object.fromEntries(
    FILE_OUTCOMES.map((name) => [name, 0]),
  ) as AcceptanceReport['summary']['outcomes'];
  for (const { outcome } of lines) outcomes[outcome]++;
  return {
    files_submitted: batch.file_count,
    files_accepted: receipts.filter((receipt) => receipt?.status === 'accepted').length,
    files_rejected: receipts.filter((receipt) => receipt?.status === 'rejected').length,
    files_quarantined: files.filter(({ receipt, document }) => (document?.state ?? receipt?.status) === 'quarantined')
      .length,
    files_duplicate: receipts.filter((receipt) => receipt?.duplicate_of).length,
    files_held: inState('held'),
    files_parsed_successfully: parsed.length - warned.length,
    files_parsed_with_warnings: warned.length,
    files_parse_failed: inState('parse_failed'),
    total_chunks_produced: sum(({ chunk_count }) => chunk_count),
    total_chunks_indexed: sum(({ chunks_indexed }) => chunks_indexed),
    total_chunks_quarantined: sum(({ chunks_quarantined }) => chunks_quarantined),
    classifications: tally(documents.flatMap(({ classification }) => classification ?? [])),
    pii_types: tally(documents.flatMap((document) => findingsOf(document).policy?.pii_types ?? [])),
    outcomes,
  };
}

/** How often each name comes. */
function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Two files of a batch may be the same document; its chunks, class and findings count once. */
function uniqueDocuments(files: BatchFile[]): DocumentRow[] {
  return [
    ...new Map(files.flatMap(({ document }) => (document ? [[document.doc_id, document] as const] : []))).values(),
  ];
}
