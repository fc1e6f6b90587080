import { FrostbyteError } from '../../../kernel/errors.ts';
import {
  type DocumentState,
  NEXT_STAGE,
  STAGES,
  type StageName,
  type StageStatus,
  type WorkStage,
} from '../../../kernel/pipeline.ts';
import type { Job } from '../../queue/port.ts';
import type { DocumentPatch, StageEnd, StageFailure } from '../port.ts';
import type { DocumentRow, ServedVersion, StageError } from '../rows.ts';
import { refused } from './own-row.ts';

/** What becomes of a document's row with each step, whichever store keeps it. Nothing here reads or writes. */

/** Ends after which no version passes for judged. Where another stage failed, the earlier version stays served. */
const UNJUDGED: ReadonlySet<DocumentState> = new Set(['quarantined', 'policy_failed']);

/** Columns that a stage may set; whatever else a patch holds is ignored. */
const PATCHABLE = [
  'parsed_at',
  'canonical_sha256',
  'enriched_sha256',
  'vectors_sha256',
  'embed_model',
  'embed_version',
  'page_count',
  'chunk_count',
  'chunks_indexed',
  'chunks_quarantined',
  'chunks_rejected',
  'classification',
  'classification_confidence',
  'quarantine_reason',
  'last_output_hash',
] as const;

/** Whether the job may still act: its run, its stage, and the stage not over. */
export function isCurrent(row: DocumentRow, job: Job): boolean {
  if (row.state !== 'processing' || row.run !== job.run || row.current_stage !== job.stage) return false;
  const status = row.stages[job.stage];
  return status === 'queued' || status === 'processing';
}

/** A worker took it for its current stage. */
export function started(row: DocumentRow, { stage }: Job, at: string): DocumentRow {
  return {
    ...row,
    stages: { ...row.stages, [stage]: 'processing' },
    first_attempt_at: row.first_attempt_at ?? at,
  };
}

/** An attempt failed and will be made again. */
export function retried(row: DocumentRow, { stage }: Job, error: StageError, at: string): DocumentRow {
  const noted = { ...error, last_retry_at: error.last_retry_at ?? at };
  return { ...row, error: noted, stages: { ...row.stages, [stage]: 'queued' } };
}

/** Waits for its next stage. */
export function advanced(row: DocumentRow, { job, patch }: StageEnd): DocumentRow {
  const next = NEXT_STAGE[job.stage];
  if (next === null) throw refused('The index stage ends by publishing.');
  const stages = { ...stagesAt(row, job.stage, 'completed'), [next]: 'queued' as const };
  return { ...patched(row, patch), error: null, current_stage: next, stages, first_attempt_at: null };
}

/**
 * Stops where it stands: the gates have judged anew and not let it through, so that an earlier version must not outlive
 * the verdict.
 */
export function stopped(row: DocumentRow, { job, patch }: StageEnd, outcome: 'held' | 'quarantined'): DocumentRow {
  const stages = stagesAt(row, job.stage, outcome, outcome === 'quarantined' ? 'skipped' : undefined);
  return { ...withdrawn({ ...patched(row, patch), error: null }), state: outcome, stages };
}

/** Given up. `serves`: whether an earlier version goes on being served. */
export function failed(
  row: DocumentRow,
  { job, error, state, status, patch }: StageFailure,
): { row: DocumentRow; serves: boolean } {
  const next: DocumentRow = {
    ...patched(row, patch),
    state,
    error,
    stages: stagesAt(row, job.stage, status, 'skipped'),
  };
  const serves = !UNJUDGED.has(state);
  return { row: serves ? next : withdrawn(next), serves };
}

/** The state alone makes the document's job stale. */
export function cancelled(row: DocumentRow): DocumentRow {
  return {
    ...row,
    state: 'cancelled',
    stages: stagesAt(row, row.current_stage, 'cancelled', 'cancelled'),
    error: null,
  };
}

/**
 * The document after its chunks were taken out: nothing of it is served. Whoever removes chunks saves this, so that
 * reports and proofs do not speak of a version that nobody can see.
 */
export function withdrawn(row: DocumentRow): DocumentRow {
  return { ...row, served: null, indexed_at: null, index_event_id: null, chunks_indexed: null };
}

/** The version that the run at work has made, as it is kept beside its chunks. */
export function versionOf(row: DocumentRow, lineage: Record<string, unknown>): ServedVersion {
  const { run, config_version, canonical_sha256, enriched_sha256, vectors_sha256, embed_model, embed_version } = row;
  return {
    run,
    config_version,
    canonical_sha256,
    enriched_sha256,
    vectors_sha256,
    embed_model,
    embed_version,
    lineage,
  };
}

/** The document with a stage's patch: named columns replaced, `findings` merged key by key. */
export function patched(row: DocumentRow, patch: DocumentPatch): DocumentRow {
  const next: Record<string, unknown> = { ...row, findings: { ...row.findings, ...patch.findings } };
  for (const name of PATCHABLE) if (patch[name] !== undefined) next[name] = patch[name];
  return next as unknown as DocumentRow;
}

/** Stages with `status` at `stage` and `after` at every later one. */
export function stagesAt(
  row: DocumentRow,
  stage: StageName,
  status: StageStatus,
  after?: StageStatus,
): DocumentRow['stages'] {
  const stages = { ...row.stages, [stage]: status };
  if (after) for (const later of STAGES.slice(STAGES.indexOf(stage) + 1)) stages[later] = after;
  return stages;
}

/**
 * The next run of a document from a stage: earlier stages count as completed, the provenance chain continues from what
 * that stage reads, the error goes. Throws `INVALID_STATE_TRANSITION` for malware, which never runs (spec 2), and for what
 * a person refused for good.
 */
export function nextRun(row: DocumentRow, from: WorkStage, configVersion: number = row.config_version): DocumentRow {
  if (row.quarantine_reason === 'MALWARE_DETECTED') {
    throw new FrostbyteError('INVALID_STATE_TRANSITION', 'A document that holds malware is never processed.');
  }
  if (row.rejection?.scope === 'document') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'The document was rejected for good and is not processed again.',
    );
  }
  const start = STAGES.indexOf(from);
  const stages = Object.fromEntries(STAGES.map((stage, place) => [stage, place < start ? 'completed' : 'queued']));
  return {
    ...row,
    state: 'processing',
    quarantine_reason: null,
    current_stage: from,
    stages: stages as Record<StageName, StageStatus>,
    run: row.run + 1,
    config_version: configVersion,
    error: null,
    first_attempt_at: null,
    last_output_hash: inputHash(row, from) ?? row.last_output_hash,
  };
}

/** What a stage reads, as the chain writes it; null where the document never came that far. */
function inputHash(row: DocumentRow, stage: WorkStage): string | null {
  const hash = {
    parse: row.raw_sha256,
    policy: row.canonical_sha256,
    embed: row.enriched_sha256,
    index: row.vectors_sha256,
  }[stage];
  if (hash === null) return null;
  return hash.startsWith('sha256:') ? hash : `sha256:${hash}`;
}
