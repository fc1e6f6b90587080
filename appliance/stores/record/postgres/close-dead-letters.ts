import { CLOSED_STATUS, type Closing, closedEntries } from '../rules/closed-dead-letters.ts';
import type { Change } from './context.ts';

const CLOSE = `UPDATE dead_letters SET status = @status, resolution = @resolution, resolved_at = @at
  WHERE resource_id = @doc_id AND status = 'pending_review' RETURNING dlq_entry_id, stage`;

/**
 * Resolves what waits of a document among the dead letters, because the document runs again (by a resend, by reprocess,
 * by a decision) or never will. Each tells DLQ_RESOLVED.
 */
export async function closeDeadLetters(
  change: Change,
  docId: string,
  at: string,
  actor: string,
  resolution: Closing = 'reprocessed',
): Promise<void> {
  const status = CLOSED_STATUS[resolution];
  const closed = await change.all<{ dlq_entry_id: string; stage: string }>(CLOSE, {
    status,
    resolution,
    at,
    doc_id: docId,
  });
  change.tell(closedEntries(change.tenantId, closed, { docId, at, actor, resolution }));
}
