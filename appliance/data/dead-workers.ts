import { shaped } from '../kernel/log-fields.ts';
import type { DataPlane } from './plane.ts';

/**
 * Gives back the jobs of workers that are known to be dead, and what they held of a reindex, so that nobody waits for their
 * leases to run out. Returns
 * how many those were. O(claimed jobs).
 */
export async function releaseDead(
  { queue, records, logger, tenant_id }: Pick<DataPlane, 'queue' | 'records' | 'logger' | 'tenant_id'>,
  isDead: (worker: string) => boolean,
): Promise<number> {
  let count = 0;
  for (const worker of await queue.holders()) {
    if (isDead(worker)) count += await queue.releaseWorker(worker);
  }
  for (const worker of await records.reindexWorkers()) {
    if (isDead(worker)) await records.leaveReindex(worker);
  }
  if (count > 0) logger.info('jobs of dead workers were given back', { ...shaped({ tenant_id }), count });
  return count;
}
