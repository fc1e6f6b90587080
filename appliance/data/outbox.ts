import type { DataPlane } from './plane.ts';

/** Jobs moved at once. */
const LIMIT = 500;

/**
 * Hands jobs that were committed with a change to the queue. Adding a job twice is harmless, so this may be killed
 * between the two steps and repeated.
 */
export async function relayOutbox({ records, queue }: Pick<DataPlane, 'records' | 'queue'>): Promise<number> {
  const jobs = await records.outbox(LIMIT);
  if (jobs.length === 0) return 0;
  await queue.add(jobs);
  await records.clearOutbox(jobs.map(({ job_id }) => job_id));
  return jobs.length;
}

/**
 * Makes the job of every unfinished document again (spec 2: the record store is the truth, the queue a convenience).
 * O(unfinished documents).
 */
export async function sweepJobs({ records, queue }: Pick<DataPlane, 'records' | 'queue'>): Promise<number> {
  let count = 0;
  for (let after: string | null = null; ; ) {
    const jobs = await records.unfinished(after, LIMIT);
    if (jobs.length === 0) return count;
    await queue.add(jobs);
    count += jobs.length;
    after = jobs.at(-1)!.doc_id;
  }
}

/**
 * Makes the jobs again at once where the queue has none while documents are unfinished: its server was started anew, or
 * emptied. Answers how many; 0 where the queue has work, which says nothing about what it lost (the sweep finds that).
 */
export async function refillQueue(plane: Pick<DataPlane, 'records' | 'queue'>): Promise<number> {
  // What was just committed is on its way.
  if ((await plane.records.outbox(1)).length > 0) return 0;
  const depth = await plane.queue.depth();
  if (Object.values(depth).some((jobs) => jobs > 0)) return 0;
  return sweepJobs(plane);
}
