import type { AuditEntry } from '../../../kernel/audit-event.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import type { DeadLetterResolution, DeadLetterStatus } from '../rows.ts';

/** How the store itself closes a dead letter. */
export type Closing = Exclude<DeadLetterResolution, 'manual_fix'>;

export const CLOSED_STATUS: Readonly<Record<Closing, DeadLetterStatus>> = {
  reprocessed: 'resolved',
  skipped: 'abandoned',
};

/** DLQ_RESOLVED for dead letters of a document: the store found them, so the store tells it. */
export function closedEntries(
  tenantId: string,
  closed: readonly { dlq_entry_id: string; stage: string }[],
  told: { docId: string; at: string; actor: string; resolution: Closing },
): AuditEntry[] {
  return closed.map(({ dlq_entry_id, stage }) => ({
    event: {
      event_id: newId(),
      tenant_id: tenantId,
      event_type: 'DLQ_RESOLVED',
      timestamp: told.at,
      actor: told.actor,
      resource_type: 'document',
      resource_id: told.docId,
      details: {
        component: 'control-plane',
        status: 'success',
        dlq_entry_id,
        stage,
        resolution: told.resolution,
      },
    },
    references: [],
  }));
}

/** What is being erased does not run again; its dead letters go with it. */
export function goneMeanwhile(): FrostbyteError {
  return new FrostbyteError('RESOURCE_NOT_FOUND', 'The document of this dead letter is being erased.');
}
