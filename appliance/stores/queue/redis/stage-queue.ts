import { createRedisBackend, type JobJson, type JobsOptions, Queue, type RedisQueueBackend } from 'bullmq';
import type { Redis } from 'ioredis';
import type { WorkStage } from '../../../kernel/pipeline.ts';

/** Codes of BullMQ for: no such job, no lock, not active, another's lock. All say that the claim was lost. */
const LOST: ReadonlySet<unknown> = new Set([-1, -2, -3, -6]);

/** A finished job leaves nothing behind: what happened is told by the record store. */
export const JOB_OPTIONS: JobsOptions = Object.freeze({ removeOnComplete: true, removeOnFail: true });

export type StageQueue = Queue<unknown, unknown, string, unknown, unknown, string> & {
  getBackend(): RedisQueueBackend;
};

/**
 * BullMQ's queue of one stage, on a connection that it shares. It asks the server for no version and keeps no history of
 * events; `leaseMs` is how long a lock lasts that it gives out.
 */
export function openStageQueue(stage: WorkStage, redis: Redis, prefix: string, leaseMs: number): StageQueue {
  const options = {
    connection: redis,
    prefix,
    skipVersionCheck: true,
    // A server that is away is the caller's to hear of, at its call.
    skipWaitingForReady: true,
    streams: { events: { maxLen: 0 } },
    lockDuration: leaseMs,
  };
  const backend = createRedisBackend(stage, options);
  const queue = new Queue(stage, options, () => backend);
  queue.on('error', () => undefined);
  return queue as unknown as StageQueue;
}

/** Hands the next job out under the lock `token`, which the job also keeps as the name of its last claim. */
export async function takeNext(queue: StageQueue, token: string): Promise<{ id: string; job: JobJson } | null> {
  const [job, id] = (await queue.getBackend().moveToActive(token, token)) as [JobJson | null, string];
  return job ? { id, job } : null;
}

/** Ends a job whose lock is `token`. */
export function complete(queue: StageQueue, id: string, token: string): Promise<boolean> {
  const job = { id, opts: JOB_OPTIONS } as Parameters<RedisQueueBackend['moveToCompleted']>[0];
  return unlessLost(queue.getBackend().moveToCompleted(job, 'null', true, token, false));
}

/** Puts a job back, due in `delayMs`; `failed` counts it as a failed attempt. */
export function putBack(
  queue: StageQueue,
  id: string,
  token: string,
  delayMs: number,
  failed: boolean,
): Promise<boolean> {
  return unlessLost(
    queue.getBackend().moveToDelayed(id, Date.now(), Math.max(0, delayMs), token, { skipAttempt: !failed }),
  );
}

/** Puts a job back to the head of those that wait. */
export function putFirst(queue: StageQueue, id: string, token: string): Promise<boolean> {
  return unlessLost(queue.getBackend().moveJobFromActiveToWait(id, token));
}

async function unlessLost(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (LOST.has((error as { code?: unknown } | null)?.code)) return false;
    throw error;
  }
}
