import type { AuditEntry } from '../../../kernel/audit-event.ts';
import { newId } from '../../../kernel/ids.ts';
import type { DeadLetterResolution, DeadLetterStatus } from '../rows.ts';
import type { RecordContext } from './context.ts';
import { appendEntries } from './events.ts';

const CLOSE = `UPDATE dead_letters SET status = @status, resolution = @resolution, resolved_at = @at
  WHERE resource_id = @docId AND status = 'pending_review' RETURNING dlq_entry_id, stage`;
const STATUS: Readonly<Record<Outcome, DeadLetterStatus>> = { reprocessed: 'resolved', skipped: 'abandoned' };
type Outcome = Exclude<DeadLetterResolution, 'manual_fix'>;

/**
 * Resolves what waits of a document among the dead letters, because the document runs again (by a resend, by reprocess,
 * by a decision) or never will. Inside the running transaction. Each tells DLQ_RESOLVED: the store found it, so the store
 * tells it.
 */
export function closeDeadLetters(
  context: RecordContext,
  docId: string,
  at: string,
  actor: string,
  resolution: Outcome = 'reprocessed',
): void {
  const closed = context.db.all<{ dlq_entry_id: string; stage: string }>(CLOSE, {
    status: STATUS[resolution],
    resolution,
    at,
    docId,
  });
  appendEntries(
    context,
    closed.map(
      ({ dlq_entry_id, stage }): AuditEntry => ({
        event: {
          event_id: newId(),
          tenant_id: context.tenantId,
          event_type: 'DLQ_RESOLVED',
          timestamp: at,
          actor,
          resource_type: 'document',
          resource_id: docId,
          details: { component: 'control-plane', status: 'success', dlq_entry_id, stage, resolution },
        },
        references: [],
      }),
    ),
  );
}
