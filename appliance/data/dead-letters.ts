import type { DeadLettersDecided } from '../api/schemas/ingest.ts';
import { auditEntry } from '../audit/entry.ts';
import { FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import type { WorkStage } from '../kernel/pipeline.ts';
import type { DeadLetter, DeadLetterResolution, DeadLetterStatus } from '../stores/record/rows.ts';
import { relayOutbox } from './outbox.ts';
import type { DataPlane } from './plane.ts';

/** What people decide about dead letters (spec 2, "Queue"). */

type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'queue' | 'clock'>;

const DECISIONS = Object.freeze({
  retry: { status: 'resolved', resolution: 'reprocessed' },
  skip: { status: 'abandoned', resolution: 'skipped' },
  manual_fix: { status: 'resolved', resolution: 'manual_fix' },
} satisfies Record<string, { status: Exclude<DeadLetterStatus, 'pending_review'>; resolution: DeadLetterResolution }>);
export type DeadLetterAction = keyof typeof DECISIONS;

/**
 * Decides about one: row, DLQ_RESOLVED and, for a retry, the new run in one transaction. Throws
 * `INVALID_STATE_TRANSITION` for one that was decided before, or whose document never runs.
 */
export async function decide(plane: Plane, letter: DeadLetter, action: DeadLetterAction, actor: string): Promise<void> {
  const { status, resolution } = DECISIONS[action];
  const entry = auditEntry(plane.clock, 'DLQ_RESOLVED', {
    tenant_id: plane.tenant_id,
    actor,
    resource_id: letter.resource_id,
    adds: { dlq_entry_id: letter.dlq_entry_id, stage: letter.stage, resolution },
  });
  const decided = await plane.records.resolveDeadLetter({
    dlq_entry_id: letter.dlq_entry_id,
    status,
    resolution,
    restart: action === 'retry' ? letter.stage : null,
    entries: [entry],
    at: plane.clock.iso(),
  });
  if (!decided) {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      'This dead letter was decided before. Its document can still be run again (frostbyte document reprocess).',
    );
  }
}

/**
 * Decides about a page of the pending ones, newest first, each in its own transaction: whatever ends this leaves the rest
 * pending, and to repeat it is harmless. New dead letters of documents that were retried stand before the first page, so
 * that going on from `cursor` never meets them. O(limit).
 */
export async function decideAll(
  plane: Plane,
  action: DeadLetterAction,
  page: { limit: number; cursor?: string; stage?: WorkStage },
  actor: string,
  signal: AbortSignal,
): Promise<DeadLettersDecided> {
  const { rows } = await plane.records.deadLetters({
    limit: page.limit,
    status: 'pending_review',
    ...(page.stage === undefined ? {} : { stage: page.stage }),
    ...(page.cursor === undefined ? {} : { after: page.cursor }),
  });
  const done: DeadLettersDecided = { action, decided: 0, passed_over: [], cursor: null };
  for (const letter of rows) {
    if (signal.aborted) break;
    try {
      await decide(plane, letter, action, actor);
      done.decided += 1;
    } catch (error) {
      if (!isFrostbyteError(error, 'INVALID_STATE_TRANSITION', 'RESOURCE_NOT_FOUND')) throw error;
      const { dlq_entry_id, resource_id } = letter;
      done.passed_over.push({ dlq_entry_id, resource_id, code: error.code });
    }
  }
  await relayOutbox(plane);
  if (rows.length === page.limit) done.cursor = rows.at(-1)!.dlq_entry_id;
  return done;
}
