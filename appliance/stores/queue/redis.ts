import type { Redis } from 'ioredis';
import { newId } from '../../kernel/ids.ts';
import { WORK_STAGES, type WorkStage } from '../../kernel/pipeline.ts';
import { openRedis, type RedisAddress, type RedisConnection, type RedisLimits } from '../redis/connection.ts';
import { run } from '../redis/script.ts';
import { type ClaimedJob, type Job, type JobQueue, lossesOf, lossRest } from './port.ts';
import { activeJobs, type Look, lookAt, oldestStage } from './redis/look.ts';
import { STANDS, STRIKE, WITHDRAW } from './redis/scripts.ts';
import {
  complete,
  JOB_OPTIONS,
  openStageQueue,
  putBack,
  putFirst,
  type StageQueue,
  takeNext,
} from './redis/stage-queue.ts';

export interface RedisQueueOptions extends RedisLimits {
  address: RedisAddress;
  /** Begins every key: the tenant's, as its user may touch no other (spec 3). */
  prefix: string;
  /** How long a lease usually lasts, in milliseconds; another length costs a request more. */
  leaseMs?: number;
}

/** Looks at the leases of others this often, in milliseconds, while there is work; whenever there is none. */
const LEASES_EVERY_MS = 1000;
/** How long whoever brings a lost job back may take, in milliseconds, before another may. */
const RECOVERY_MS = 10_000;
/** A job that is due later than this was put there by a clock that has since been set back. */
const LONGEST_WAIT_MS = 3_600_000;
/** Times that a claim looks again because others were quicker. */
const MOST_LOOKS = 50;

/**
 * The queue of one tenant on BullMQ: a queue for each stage. BullMQ keeps the jobs, their order, waits, counts and
 * locks; a job's lock is the lease. Beside it lies one list of job ids for each document. A lease that ran out stays
 * its holder's until the job is handed out again; a finish that comes so late is refused, and the stage runs twice.
 * Times are the host's. What Redis loses, the sweep makes again.
 */
export function openRedisQueue(options: RedisQueueOptions): JobQueue {
  return new RedisQueue(openRedis(options.address, options), options.prefix, options.leaseMs ?? 60_000);
}

class RedisQueue implements JobQueue {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #leaseMs: number;
  readonly #queues: Readonly<Record<WorkStage, StageQueue>>;
  #leasesSeenAt = 0;

  constructor(connection: RedisConnection, prefix: string, leaseMs: number) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#leaseMs = leaseMs;
    this.#queues = Object.fromEntries(
      WORK_STAGES.map((stage) => [stage, openStageQueue(stage, connection.redis, prefix, leaseMs)]),
    ) as Record<WorkStage, StageQueue>;
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#call(async (redis) => {
      // Listed before, so that no job is ever there unlisted; and after, since its last run may end in between.
      await this.#list(redis, jobs);
      for (const stage of WORK_STAGES) {
        const own = jobs.filter((job) => job.stage === stage);
        if (own.length === 0) continue;
        await this.#queues[stage].addBulk(
          own.map(({ job_id, ...job }) => ({ name: stage, data: job, opts: { ...JOB_OPTIONS, jobId: job_id } })),
        );
      }
      await this.#list(redis, jobs);
    });
  }

  async claim(stages: readonly WorkStage[], worker: string, leaseMs: number): Promise<ClaimedJob | null> {
    if (stages.length === 0) return null;
    return this.#call(async (redis) => {
      for (let look = 0; look < MOST_LOOKS; look++) {
        const looks = await lookAt(redis, this.#queues, stages);
        if (await this.#mended(redis, looks)) continue;
        const stage = await oldestStage(redis, this.#queues, looks);
        if (stage === null) return null;
        const claim = await this.#take(redis, stage, worker, leaseMs);
        if (claim !== null) return claim;
      }
      return null;
    });
  }

  async extend(claim: ClaimedJob, leaseMs: number): Promise<boolean> {
    return this.#call(async (redis) => {
      if ((await this.#standing(redis, claim)) !== 'stands') return false;
      const extended = await this.#queues[claim.stage].getBackend().extendLock(claim.job_id, claim.lease, leaseMs);
      return extended === 1;
    });
  }

  async isHeld(claim: ClaimedJob): Promise<boolean> {
    return this.#call(async (redis) => (await this.#standing(redis, claim)) === 'stands');
  }

  async finish(claim: ClaimedJob): Promise<boolean> {
    return this.#call((redis) => this.#end(redis, claim.stage, claim, claim.lease));
  }

  async retry(claim: ClaimedJob, delayMs: number): Promise<boolean> {
    return this.#call((redis) =>
      this.#givenBack(redis, claim, false, () =>
        putBack(this.#queues[claim.stage], claim.job_id, claim.lease, Math.min(delayMs, LONGEST_WAIT_MS), true),
      ),
    );
  }

  async release(claim: ClaimedJob): Promise<boolean> {
    return this.#call((redis) =>
      this.#givenBack(redis, claim, true, () => putFirst(this.#queues[claim.stage], claim.job_id, claim.lease)),
    );
  }

  async holders(): Promise<string[]> {
    return this.#call(async (redis) => {
      const active = await activeJobs(redis, this.#queues, await lookAt(redis, this.#queues, WORK_STAGES));
      return [...new Set(active.flatMap(({ lock }) => (lock === null ? [] : workerOf(lock))))];
    });
  }

  async releaseWorker(worker: string): Promise<number> {
    return this.#call(async (redis) => {
      const active = await activeJobs(redis, this.#queues, await lookAt(redis, this.#queues, WORK_STAGES));
      let count = 0;
      for (const { stage, id, lock } of active) {
        if (lock === null || workerOf(lock) !== worker) continue;
        if (await this.#bringBack(redis, stage, id, lock, lossRest)) count += 1;
      }
      return count;
    });
  }

  async removeDocument(docId: string): Promise<void> {
    await this.#call(async (redis) => {
      for (const id of await redis.smembers(this.#listOf(docId))) {
        const queue = this.#queues[stageOf(id)];
        // BullMQ refuses to remove what is locked; a worker may take the job just now, and is overtaken again.
        do await redis.del(queue.toKey(`${id}:lock`));
        while (!(await removed(queue, id)));
        await this.#strike(redis, docId, stageOf(id), id);
      }
    });
  }

  async withdraw(docId: string): Promise<number> {
    return this.#call(async (redis) => {
      let held = 0;
      for (const id of await redis.smembers(this.#listOf(docId))) {
        const queue = this.#queues[stageOf(id)];
        let answer: unknown;
        do answer = await run(redis, WITHDRAW, [queue.toKey(id), queue.toKey(`${id}:lock`)], []);
        while (answer === 2 && !(await removed(queue, id)));
        if (answer === 1) held += 1;
        else await this.#strike(redis, docId, stageOf(id), id);
      }
      return held;
    });
  }

  async has(jobId: string): Promise<boolean> {
    const keys = WORK_STAGES.map((stage) => this.#queues[stage].toKey(jobId));
    return this.#call(async (redis) => (await redis.exists(...keys)) > 0);
  }

  async depth(): Promise<Record<WorkStage, number>> {
    return this.#call(async () => {
      const counts = await Promise.all(
        WORK_STAGES.map((stage) => this.#queues[stage].getJobCounts('wait', 'active', 'delayed')),
      );
      return Object.fromEntries(
        WORK_STAGES.map((stage, at) => [stage, Object.values(counts[at]!).reduce((sum, jobs) => sum + jobs, 0)]),
      ) as Record<WorkStage, number>;
    });
  }

  /** A claimed job counts with the end of its lease, when it may be due again. */
  async nextDue(stages: readonly WorkStage[]): Promise<number | null> {
    if (stages.length === 0) return null;
    return this.#call(async (redis) => {
      const looks = await lookAt(redis, this.#queues, stages);
      if (looks.some(({ head }) => head !== null)) return 0;
      const waits = looks.flatMap(({ due }) => (due === null ? [] : [due.at - Date.now()]));
      const active = await activeJobs(redis, this.#queues, looks);
      const all = [...waits, ...active.map(({ leftMs }) => leftMs)];
      return all.length === 0 ? null : Math.max(0, Math.min(...all));
    });
  }

  async check(): Promise<void> {
    await this.#connection.call((redis) => redis.ping(), { anyway: true });
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await Promise.all(WORK_STAGES.map((stage) => this.#queues[stage].close()));
  }

  #call<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return this.#connection.call(work);
  }

  async #take(redis: Redis, stage: WorkStage, worker: string, leaseMs: number): Promise<ClaimedJob | null> {
    const queue = this.#queues[stage];
    const lease = `${newId()}@${worker}`;
    const taken = await takeNext(queue, lease);
    if (taken === null) return null;
    const { id, job } = taken;
    const { doc_id, run: number } = JSON.parse(job.data) as Omit<Job, 'job_id'>;
    if (job.deferredFailure !== undefined) {
      await this.#end(redis, stage, { job_id: id, doc_id }, lease);
      return null;
    }
    if (leaseMs !== this.#leaseMs) await queue.getBackend().extendLock(id, lease, leaseMs);
    // Hand-outs that were given back untouched are counted in `progress`.
    const deliveries = (job.attemptsStarted ?? 0) - (job.progress as number);
    return { job_id: id, stage, doc_id, run: number, failures: job.attemptsMade, deliveries, lease };
  }

  /** Brings back what was lost: jobs whose lease ran out, and waits of a clock that was set back. True: look again. */
  async #mended(redis: Redis, looks: readonly Look[]): Promise<boolean> {
    const now = Date.now();
    let mended = false;
    for (const { stage, due } of looks) {
      if (due === null || due.at <= now + LONGEST_WAIT_MS) continue;
      await this.#queues[stage].getBackend().promote(due.id).catch(ignoreMissing);
      mended = true;
    }
    const idle = looks.every(({ head, due }) => head === null && (due === null || due.at > now));
    if (!idle && Math.abs(now - this.#leasesSeenAt) < LEASES_EVERY_MS) return mended;
    this.#leasesSeenAt = now;
    for (const { stage, id, lock } of await activeJobs(redis, this.#queues, looks)) {
      if (lock !== null) continue;
      // Whoever sets the lock brings the job back; a worker that takes it meanwhile sets its own.
      const own = newId();
      const lockKey = this.#queues[stage].toKey(`${id}:lock`);
      if ((await redis.set(lockKey, own, 'PX', RECOVERY_MS, 'NX')) === null) continue;
      mended = (await this.#bringBack(redis, stage, id, own, () => 0)) || mended;
    }
    return mended;
  }

  /** Puts a lost job back, to rest as long as `rest` says; one that was withdrawn goes. True: it was put back. */
  async #bringBack(
    redis: Redis,
    stage: WorkStage,
    id: string,
    lock: string,
    rest: (losses: number) => number,
  ): Promise<boolean> {
    const queue = this.#queues[stage];
    const [started, failed, uncounted, withdrawn, data] = await redis.hmget(
      queue.toKey(id),
      ...['ats', 'atm', 'progress', 'defa', 'data'],
    );
    if (withdrawn !== null && withdrawn !== undefined) {
      const { doc_id } = JSON.parse(data ?? '{}') as Pick<Job, 'doc_id'>;
      await this.#end(redis, stage, { job_id: id, doc_id }, lock);
      return false;
    }
    const counts = { deliveries: Number(started ?? 0) - Number(uncounted ?? 0), failures: Number(failed ?? 0) };
    return putBack(queue, id, lock, rest(lossesOf(counts) + 1), false);
  }

  async #standing(redis: Redis, claim: ClaimedJob, count = false): Promise<'lost' | 'stands' | 'withdrawn'> {
    const queue = this.#queues[claim.stage];
    const keys = [queue.toKey(claim.job_id), queue.toKey(`${claim.job_id}:lock`), queue.keys.active];
    const answer = await run(redis, STANDS, keys as string[], [claim.lease, claim.job_id, count ? 1 : 0]);
    return answer === 1 ? 'stands' : answer === 2 ? 'withdrawn' : 'lost';
  }

  /** Puts the job back, or lets it go where it was withdrawn meanwhile. */
  async #givenBack(redis: Redis, claim: ClaimedJob, count: boolean, put: () => Promise<boolean>): Promise<boolean> {
    const standing = await this.#standing(redis, claim, count);
    if (standing === 'withdrawn') await this.#end(redis, claim.stage, claim, claim.lease);
    return standing === 'stands' && (await put());
  }

  async #end(
    redis: Redis,
    stage: WorkStage,
    { job_id, doc_id }: Pick<Job, 'job_id' | 'doc_id'>,
    lock: string,
  ): Promise<boolean> {
    const ended = await complete(this.#queues[stage], job_id, lock);
    if (ended) await this.#strike(redis, doc_id, stage, job_id);
    return ended;
  }

  async #list(redis: Redis, jobs: readonly Job[]): Promise<void> {
    await Promise.all(jobs.map(({ doc_id, job_id }) => redis.sadd(this.#listOf(doc_id), job_id)));
  }

  async #strike(redis: Redis, docId: string, stage: WorkStage, id: string): Promise<void> {
    await run(redis, STRIKE, [this.#listOf(docId), this.#queues[stage].toKey(id)], [id]);
  }

  #listOf(docId: string): string {
    return `${this.#prefix}:documents:${docId}`;
  }
}

function workerOf(lock: string): string {
  return lock.slice(lock.indexOf('@') + 1);
}

/** A job's id ends with its stage (`jobId`). */
function stageOf(id: string): WorkStage {
  return id.slice(id.lastIndexOf('.') + 1) as WorkStage;
}

async function removed(queue: StageQueue, id: string): Promise<boolean> {
  return (await queue.getBackend().remove(id, false)) === 1;
}

function ignoreMissing(error: unknown): void {
  if (typeof (error as { code?: unknown } | null)?.code !== 'number') throw error;
}
