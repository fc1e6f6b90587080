import { sweepOrphans } from '../../data/1-intake/sweep-orphans.ts';
import { sweepJobs } from '../../data/outbox.ts';
import type { DataPlane } from '../../data/plane.ts';
import { settleOpenBatches } from '../../data/settle.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';

/** A draft that grew no more for this long belongs to nobody. */
const DRAFT_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * What puts a tenant's plane right after a crash, and now and then anyway: jobs of unfinished documents are made again,
 * batches whose last document came to rest are settled, drafts and orphaned objects go, gauges are set. Every part may
 * fail without keeping the others from running.
 */
export async function maintain(plane: DataPlane, quotaBytes: number): Promise<void> {
  await each(plane, [
    () => sweepJobs(plane),
    () => settleOpenBatches(plane),
    () => plane.objects.sweepDrafts(DRAFT_AGE_MS),
    () => sweepOrphans(plane),
    () => measure(plane, quotaBytes),
  ]);
}

/** Sets the gauges of spec 6 for one tenant. */
async function measure(
  { tenant_id, meter, objects, records, vectors, queue }: DataPlane,
  quotaBytes: number,
): Promise<void> {
  const stores = [
    ['object', objects],
    ['relational', records],
    ['vector', vectors],
  ] as const;
  for (const [name, store] of stores) {
    const { bytes, objects: count } = await store.usage();
    meter.storage(tenant_id, name, bytes, count);
  }
  for (const [stage, length] of Object.entries(await queue.depth()))
    meter.queueLength(tenant_id, `${tenant_id}.${stage}`, length);
  meter.dlqDepth(tenant_id, (await records.counts()).dead_letters);
  meter.tenantQuota(tenant_id, quotaBytes);
}

async function each(plane: DataPlane, tasks: (() => Promise<unknown>)[]): Promise<void> {
  for (const task of tasks) {
    try {
      await task();
    } catch (error) {
      plane.logger.warn('maintenance failed', {
        tenant_id: plane.tenant_id,
        code: isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR',
      });
    }
  }
}
