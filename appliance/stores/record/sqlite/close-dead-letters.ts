import { CLOSED_STATUS, type Closing, closedEntries } from '../rules/closed-dead-letters.ts';
import type { RecordContext } from './context.ts';
import { appendEntries } from './events.ts';

const CLOSE = `UPDATE dead_letters SET status = @status, resolution = @resolution, resolved_at = @at
  WHERE resource_id = @docId AND status = 'pending_review' RETURNING dlq_entry_id, stage`;

/**
 * Resolves what waits of a document among the dead letters, because the document runs again (by a resend, by reprocess,
 * by a decision) or never will. Inside the running transaction. Each tells DLQ_RESOLVED.
 */
export function closeDeadLetters(
  context: RecordContext,
  docId: string,
  at: string,
  actor: string,
  resolution: Closing = 'reprocessed',
): void {
  const status = CLOSED_STATUS[resolution];
  const closed = context.db.all<{ dlq_entry_id: string; stage: string }>(CLOSE, { status, resolution, at, docId });
  appendEntries(context, closedEntries(context.tenantId, closed, { docId, at, actor, resolution }));
}
