import { auditEntry } from '../audit/entry.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { DataPlane } from './plane.ts';
import { cancelledEntry } from './reprocess.ts';
import { settleBatch } from './settle.ts';

/**
 * Cancels what has not started of a batch (spec 4); what runs is finished, and the batch is `cancelled`, with its report,
 * once all of it is at rest. A request that was running it again ends. Repeating it cancels what has come to wait meanwhile. Throws `RESOURCE_NOT_FOUND`, or
 * `INVALID_STATE_TRANSITION` where all of the batch is at rest already.
 */
export async function cancelBatch(
  plane: Pick<DataPlane, 'tenant_id' | 'records' | 'queue' | 'clock'>,
  batchId: string,
  actor: string,
): Promise<void> {
  const { tenant_id, records, queue, clock } = plane;
  const outcome = await records.cancelBatch(
    batchId,
    ({ cancelled, running, requests }) => [
      auditEntry(clock, 'BATCH_CANCELLED', {
        tenant_id,
        actor,
        resource_id: batchId,
        adds: { cancelled: cancelled.length, running },
      }),
      ...requests.map((request) => cancelledEntry(plane, request, actor)),
      ...cancelled.map((resource_id) =>
        auditEntry(clock, 'DOCUMENT_CANCELLED', { tenant_id, actor, resource_id, adds: { batch_id: batchId } }),
      ),
    ],
    clock.iso(),
  );
  if (outcome.kind === 'unknown') throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such batch.');
  if (outcome.kind === 'over') {
    throw new FrostbyteError(
      'INVALID_STATE_TRANSITION',
      `The batch is ${outcome.status}: nothing of it waits, so there is nothing to cancel.`,
      { details: [{ field: 'status', value: outcome.status, constraint: 'receiving or processing' }] },
    );
  }
  // A document may have been the last one under way of another batch, which was cancelled before.
  const batches = new Set([batchId]);
  for (const docId of outcome.cancelled) {
    // Their jobs are stale anyway; without them no worker has to find that out.
    await queue.withdraw(docId);
    for (const other of await records.batchesOf(docId)) batches.add(other);
  }
  for (const each of batches) await settleBatch(plane, each);
}
