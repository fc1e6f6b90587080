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

/** Open batches looked at at once. */
const PAGE = 200;

/**
 * What a crash behind the receipt of a batch leaves to do: vectors of malware that was served before. Before open batches
 * are settled, since a batch that is settled is not looked at again. O(receipts of batches at work).
 */
export async function withdrawFoundMalware(plane: Plane): Promise<void> {
  const { records } = plane;
  for (let after: string | null = null; ; ) {
    const open = await records.openBatches(after, PAGE);
    if (open.length === 0) return;
    for (const { batch_id, status } of await records.batchStates(open)) {
      if (status === 'processing') await withdrawMalware(plane, batch_id);
    }
    after = open.at(-1)!;
  }
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
