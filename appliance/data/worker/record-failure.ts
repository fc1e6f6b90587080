import { sha256Hex } from '../../kernel/digest.ts';
import { codeFrames, isFrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { FAILED_STATE, RETRY_WAITS } from '../../kernel/pipeline.ts';
import type { ClaimedJob } from '../../stores/queue/port.ts';
import type { DocumentRow, StageError } from '../../stores/record/rows.ts';
import type { DataPlane } from '../plane.ts';
import { settleBatches } from '../settle.ts';
import type { Stage } from '../stage.ts';
import { putVectorsRight } from './put-vectors-right.ts';
import { codeOf } from './trouble.ts';

/**
 * Records that a stage failed: it is tried again after the wait that its attempts have come to, or, where that can help
 * no more, the document fails and a dead letter waits for a person (spec 2, "Queue"). Throws what the stores throw; then
 * nothing of it counts, and the job is still the worker's.
 */
export async function recordFailure(
  plane: DataPlane,
  claim: ClaimedJob,
  document: DocumentRow,
  stage: Pick<Stage, 'failed'>,
  error: unknown,
): Promise<void> {
  const code = codeOf(error);
  const stack_trace_hash = traceHash(error);
  plane.logger.warn('stage failed', {
    ...shaped({ tenant_id: plane.tenant_id, doc_id: document.doc_id, stack_trace_hash }),
    stage: claim.stage,
    code,
    frames: codeFrames(error).frames,
    attempt: claim.failures + 1,
  });
  const wait = RETRY_WAITS[claim.stage][claim.failures];
  const at = plane.clock.iso();
  const stageError: StageError = {
    stage: claim.stage,
    code,
    message: isFrostbyteError(error)
      ? error.message
      : 'The stage failed for a reason of its own; the stack trace hash names it in the logs.',
    retry_count: claim.failures,
    last_retry_at: claim.failures > 0 ? at : null,
  };
  if (wait !== undefined && isRetryable(error)) {
    await plane.records.noteRetry(claim, stageError, at);
    await plane.queue.retry(claim, wait);
    return;
  }
  if (claim.stage === 'parse') plane.meter.parseFailure(plane.tenant_id, code);
  // No gate judged this version, so an earlier one is not served on; its rows go with the transaction.
  if (claim.stage === 'policy') await plane.vectors.removeDocument(document.doc_id);
  await plane.records.failStage({
    job: claim,
    error: stageError,
    state: FAILED_STATE[claim.stage],
    status: 'failed',
    // A document that no gate could judge is as good as quarantined: it waits for a person.
    patch: claim.stage === 'policy' ? { quarantine_reason: 'GATE_UNAVAILABLE' } : {},
    dead_letter: {
      dlq_entry_id: newId(),
      tenant_id: plane.tenant_id,
      original_job_id: claim.job_id,
      stage: claim.stage,
      resource_type: 'document',
      resource_id: document.doc_id,
      first_attempt_at: document.first_attempt_at ?? at,
      last_attempt_at: at,
      resolved_at: null,
      retry_count: claim.failures,
      error: { code, message: stageError.message, stack_trace_hash },
      status: 'pending_review',
      resolution: null,
    },
    entries: stage.failed(plane, document, { code, retry_count: claim.failures }),
    at,
  });
  await putVectorsRight(plane, claim);
  await plane.queue.finish(claim);
  await settleBatches(plane, document.doc_id);
}

/** The caller's mistake and what can never work are final; all else may pass (spec 2: retries, then a dead letter). */
function isRetryable(error: unknown): boolean {
  return !isFrostbyteError(error) || error.kind === 'later' || error.kind === 'fault';
}

function traceHash(error: unknown): string {
  return sha256Hex(error instanceof Error ? (error.stack ?? error.name) : typeof error).slice(0, 16);
}
