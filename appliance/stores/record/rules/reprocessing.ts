import type { AuditEntry } from '../../../kernel/audit-event.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { STAGES } from '../../../kernel/pipeline.ts';
import type { NewReprocess, ReprocessStep } from '../port.ts';
import type { BatchRow, DocumentRow, ReprocessRow, ReprocessStart } from '../rows.ts';
import { refused } from './own-row.ts';

/** The row of a request as it begins: a request for one document is born finished. */
export function newRequest(request: NewReprocess, begun: Partial<ReprocessRow>): ReprocessRow {
  const { config: _config, entry: _entry, ...told } = request;
  const status = begun.status ?? 'restarting';
  return {
    ...told,
    candidates: 0,
    examined: 0,
    restarted: 0,
    skipped: 0,
    ...begun,
    status,
    restarted_at: status === 'restarted' ? request.requested_at : null,
    cancelled_at: null,
  };
}

/** A request that was cancelled, or whose batch was: it has no documents to look at any more. */
export function endedByCancelling(row: ReprocessRow, at: string): ReprocessRow {
  return { ...row, status: 'restarted', restarted_at: at, cancelled_at: at };
}

/** Throws `INVALID_STATE_TRANSITION` for a batch that has not arrived whole. */
export function refuseReceiving(batch: BatchRow): void {
  if (batch.status !== 'receiving') return;
  throw new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'The batch has not arrived whole yet. Send what is missing first.',
  );
}

/**
 * Malware and what a person refused for good never run. What went by a newer config than the request's stays: going back
 * could undo a redaction.
 */
export function mayRun(row: DocumentRow, request: ReprocessRow): boolean {
  if (row.quarantine_reason === 'MALWARE_DETECTED' || row.rejection?.scope === 'document') return false;
  return row.config_version <= request.config_version || startOf(row, request.from_stage) === 'embed';
}

/** How a request runs a document again: from where, under which config, and by whose name. */
export interface PlannedRun {
  row: DocumentRow;
  from: ReprocessStart;
  version: number;
  actor: string;
}

/** Plans a document's run for a request. Throws where the entry is about another document. */
export function planRun(
  row: DocumentRow,
  request: Pick<ReprocessRow, 'reprocess_id' | 'from_stage' | 'config_version'>,
  entry: AuditEntry,
): PlannedRun {
  if (entry.event.resource_id !== row.doc_id) throw refused('A restart is told of another document.');
  const from = startOf(row, request.from_stage);
  return {
    row: { ...row, reprocess_id: request.reprocess_id },
    from,
    // A run that no gate and no parser sees anew goes by the config that they went by.
    version: from === 'embed' ? row.config_version : request.config_version,
    actor: entry.event.actor,
  };
}

/**
 * Where a document can begin that shall run from a stage: at the stage itself, or earlier where what the stage reads was
 * never made, is yet to be made anew by the run at work, or was made and did not pass the gates.
 */
function startOf(row: DocumentRow, wanted: ReprocessStart): ReprocessStart {
  const isToBeParsed = row.state === 'processing' && row.current_stage === 'parse';
  if (row.canonical_sha256 === null || isToBeParsed) return 'parse';
  const passed = row.enriched_sha256 !== null && row.stages.policy === 'completed';
  if (STAGES.indexOf(wanted) > STAGES.indexOf('policy') && !passed) return 'policy';
  return wanted;
}

type Counts = Pick<ReprocessRow, 'examined' | 'restarted' | 'skipped'>;

/**
 * What a step adds to a request's counts. Candidates that no page holds any more when the last one is read were erased
 * before it: they count as looked at and skipped, so that every candidate is accounted for.
 */
export function stepCounts(
  { candidates, examined }: ReprocessRow,
  { page, last }: Pick<ReprocessStep, 'page' | 'last'>,
  { restarted, skipped }: Omit<Counts, 'examined'>,
): Counts {
  const gone = last ? Math.max(0, candidates - examined - page.length) : 0;
  return { examined: page.length + gone, restarted, skipped: skipped + gone };
}

/** The counts of a request with those that a step adds. */
export function countsWith(request: ReprocessRow, adds: Counts): Counts {
  return {
    examined: request.examined + adds.examined,
    restarted: request.restarted + adds.restarted,
    skipped: request.skipped + adds.skipped,
  };
}

/** The entry with how many documents the request looks at. */
export function withCount(entry: AuditEntry, candidates: number): AuditEntry {
  return withDetails(entry, { candidates });
}

/** The entry with more details. */
export function withDetails(entry: AuditEntry, adds: Record<string, unknown>): AuditEntry {
  return { ...entry, event: { ...entry.event, details: { ...entry.event.details, ...adds } } };
}
