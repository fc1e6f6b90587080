import { codeFrames } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import { relayOutbox } from './outbox.ts';
import type { DataPlane } from './plane.ts';
import { matchVectors } from './served-vectors.ts';
import { settleBatch, settleBatches } from './settle.ts';

type Plane = Pick<
  DataPlane,
  'tenant_id' | 'records' | 'objects' | 'vectors' | 'indexes' | 'queue' | 'clock' | 'logger'
>;

/**
 * What follows the receipt of a batch, whichever way it came: its jobs go to the queue, and a batch whose files were all
 * refused, or all known, is settled at once. The batch is received whatever the queue says: its jobs are in the outbox,
 * and the sweep makes them again. Repeating is harmless.
 */
export async function followReceipt(plane: Plane, batchId: string, wake: () => void): Promise<void> {
  await relayOutbox(plane).catch((error: unknown) =>
    plane.logger.warn('jobs wait in the outbox', { ...shaped({ batch_id: batchId }), ...codeFrames(error) }),
  );
  await withdrawMalware(plane, batchId);
  await settleBatch(plane, batchId);
  wake();
}

/**
 * Bytes that were served and are known for malware now: their rows went with the receipt. Their vectors go here, and the
 * batches that brought them first tell it.
 */
async function withdrawMalware(plane: Plane, batchId: string): Promise<void> {
  for (const { doc_id, status, duplicate_of } of await plane.records.receipts(batchId)) {
    if (status !== 'quarantined' || duplicate_of === null || doc_id === null) continue;
    await matchVectors(plane, doc_id);
    await settleBatches(plane, doc_id);
  }
}
