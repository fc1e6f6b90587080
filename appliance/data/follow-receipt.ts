import { codeFrames } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import { relayOutbox } from './outbox.ts';
import type { DataPlane } from './plane.ts';
import { settleBatch } from './settle.ts';

/**
 * What follows the receipt of a batch, whichever way it came: its jobs go to the queue, and a batch whose files were all
 * refused, or all known, is settled at once. The batch is received whatever the queue says: its jobs are in the outbox,
 * and the sweep makes them again. Repeating is harmless.
 */
export async function followReceipt(
  plane: Pick<DataPlane, 'tenant_id' | 'records' | 'queue' | 'clock' | 'logger'>,
  batchId: string,
  wake: () => void,
): Promise<void> {
  await relayOutbox(plane).catch((error: unknown) =>
    plane.logger.warn('jobs wait in the outbox', { ...shaped({ batch_id: batchId }), ...codeFrames(error) }),
  );
  await settleBatch(plane, batchId);
  wake();
}
