import { sweepOrphans } from '../../data/1-intake/sweep-orphans.ts';
import { sweepUploads } from '../../data/1-intake/uploads/sweep-uploads.ts';
import { releaseDead } from '../../data/dead-workers.ts';
import { carryErasures } from '../../data/erasure/carry-erasures.ts';
import { sweepExpired } from '../../data/erasure/sweep-expired.ts';
import { withdrawFoundMalware } from '../../data/follow-receipt.ts';
import { sweepJobs } from '../../data/outbox.ts';
import type { DataPlane } from '../../data/plane.ts';
import { settleOpenBatches } from '../../data/settle.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { type PlaneUsage, usageOf } from './usage.ts';

/** A draft that grew no more for this long belongs to nobody. */
const DRAFT_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * What puts a tenant's plane right after a crash, and now and then anyway: jobs of dead workers are given back, those of
 * unfinished documents made again, vectors of what is known for malware now go, batches whose last document came to rest
 * are settled, pending erasures are carried on, documents whose time is over go, drafts, orphaned objects and expired
 * uploads too, gauges are set. Every part may fail without keeping the others from running.
 */
export async function maintain(
  plane: DataPlane,
  quotaBytes: number,
  isDead: (worker: string) => boolean,
  isSuspended: (tenantId: string) => boolean,
): Promise<void> {
  await each(plane, [
    () => releaseDead(plane, isDead),
    () => sweepJobs(plane),
    () => withdrawFoundMalware(plane),
    () => settleOpenBatches(plane),
    () => carryErasures(plane),
    () => sweepExpired(plane, { halted: () => isSuspended(plane.tenant_id), isClockTrusted: plane.isClockTrusted }),
    () => plane.objects.sweepDrafts(DRAFT_AGE_MS),
    () => sweepOrphans(plane),
    () => sweepUploads(plane),
    () => measure(plane, quotaBytes),
  ]);
}

/**
 * What a worker's death leaves open: its jobs are given back, and batches whose last document it had just brought to
 * rest are settled.
 */
export async function mourn(plane: DataPlane, isDead: (worker: string) => boolean): Promise<void> {
  await each(plane, [() => releaseDead(plane, isDead), () => settleOpenBatches(plane)]);
}

/** Sets the gauges of spec 6 for one tenant. */
async function measure(plane: DataPlane, quotaBytes: number): Promise<void> {
  const { tenant_id, meter, records } = plane;
  for (const [store, { bytes, objects }] of Object.entries(await usageOf(plane)) as [
    keyof PlaneUsage,
    PlaneUsage[keyof PlaneUsage],
  ][]) {
    meter.storage(tenant_id, store, bytes, objects);
  }
  meter.dlqDepth(tenant_id, (await records.counts()).dead_letters);
  meter.tenantQuota(tenant_id, quotaBytes);
}

async function each(plane: DataPlane, tasks: (() => Promise<unknown>)[]): Promise<void> {
  for (const task of tasks) {
    try {
      await task();
    } catch (error) {
      plane.logger.warn('maintenance failed', {
        ...shaped({ tenant_id: plane.tenant_id }),
        code: isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR',
      });
    }
  }
}
