import { existsSync } from 'node:fs';
import type { Clock } from '../../kernel/clock.ts';
import { shaped } from '../../kernel/log-fields.ts';
import { WORK_STAGES } from '../../kernel/pipeline.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { JobQueue } from '../../stores/queue/port.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';
import type { RecordStore } from '../../stores/record/port.ts';

/** Documents read at a time. */
const PAGE = 1000;

/** Sets the gauge of a tenant's queues to what waits now. O(jobs). */
export async function measureQueues(tenantId: string, queue: Pick<JobQueue, 'depth'>, meter: Meter): Promise<void> {
  for (const [stage, length] of Object.entries(await queue.depth())) {
    meter.queueLength(tenantId, `${tenantId}.${stage}`, length);
  }
}

/** The same by the records alone, where there is no queue: every unfinished document has one job. O(unfinished). */
export async function measureUnfinished(
  tenantId: string,
  records: Pick<RecordStore, 'unfinished'>,
  meter: Meter,
): Promise<void> {
  const lengths = new Map<string, number>(WORK_STAGES.map((stage) => [stage, 0]));
  for (let after: string | null = null; ; ) {
    const jobs = await records.unfinished(after, PAGE);
    for (const { stage } of jobs) lengths.set(stage, (lengths.get(stage) ?? 0) + 1);
    if (jobs.length < PAGE) break;
    after = jobs.at(-1)!.doc_id;
  }
  for (const [stage, length] of lengths) meter.queueLength(tenantId, `${tenantId}.${stage}`, length);
}

/**
 * The same for a tenant whose stores are closed, so that the frozen depth of a suspended one is seen (spec 3). For
 * moments in which nobody deletes the file: it is opened, and put back as it was. Never throws.
 */
export async function measureClosedQueues(
  tenantId: string,
  file: string,
  { clock, meter, logger }: { clock: Clock; meter: Meter; logger: Logger },
): Promise<void> {
  if (!existsSync(file)) return;
  try {
    const queue = openSqliteQueue(file, { clock });
    await measureQueues(tenantId, queue, meter).finally(() => queue.close());
  } catch {
    logger.warn('the queues of a tenant could not be measured', shaped({ tenant_id: tenantId }));
  }
}
