/** The pipeline's vocabulary: stages, states and who follows whom (spec 2). */

export const STAGES = ['intake', 'parse', 'policy', 'embed', 'index'] as const;
export type StageName = (typeof STAGES)[number];

/** Stages that run as jobs; intake happens in the request. */
export const WORK_STAGES = ['parse', 'policy', 'embed', 'index'] as const;
export type WorkStage = (typeof WORK_STAGES)[number];

export const NEXT_STAGE: Readonly<Record<WorkStage, WorkStage | null>> = Object.freeze({
  parse: 'policy',
  policy: 'embed',
  embed: 'index',
  index: null,
});

export const STAGE_STATUSES = [
  'queued',
  'processing',
  'completed',
  'held',
  'failed',
  'quarantined',
  'skipped',
  'cancelled',
] as const;
export type StageStatus = (typeof STAGE_STATUSES)[number];

/** Where a document stands. All but `processing` and `held` are terminal (spec 2, "Batch status"). */
export const DOCUMENT_STATES = [
  'processing',
  'held',
  'indexed',
  'quarantined',
  'cancelled',
  'parse_failed',
  'policy_failed',
  'embed_failed',
  'index_failed',
] as const;
export type DocumentState = (typeof DOCUMENT_STATES)[number];

export const FAILED_STATE: Readonly<Record<WorkStage, DocumentState>> = Object.freeze({
  parse: 'parse_failed',
  policy: 'policy_failed',
  embed: 'embed_failed',
  index: 'index_failed',
});

/** Waits before each retry, in milliseconds; the length is the number of retries (spec 2, "Queue"). */
export const RETRY_WAITS: Readonly<Record<WorkStage, readonly number[]>> = Object.freeze({
  parse: [10_000, 60_000, 300_000],
  policy: [30_000, 30_000],
  embed: [10_000, 60_000, 300_000],
  index: [10_000, 60_000, 300_000],
});

/** Why a document is kept apart; GATE_UNAVAILABLE where no gate could judge it (spec 2 C, "Queue"). */
export const QUARANTINE_REASONS = [
  'MALWARE_DETECTED',
  'PII_BLOCK_POLICY',
  'INJECTION_DETECTED',
  'GATE_UNAVAILABLE',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** What parse warns of in a document that goes on (spec 2 B). */
export const PARSE_WARNINGS = ['LOW_COVERAGE', 'NO_TEXT', 'CONTENT_DROPPED'] as const;
export type ParseWarning = (typeof PARSE_WARNINGS)[number];
