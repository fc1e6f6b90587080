import type { Redis } from 'ioredis';
import type { WorkStage } from '../../../kernel/pipeline.ts';
import { run } from '../../redis/script.ts';
import { LOOK } from './scripts.ts';
import type { StageQueue } from './stage-queue.ts';

type Queues = Readonly<Record<WorkStage, StageQueue>>;

/** What stands in a stage's queue at one moment. */
export interface Look {
  stage: WorkStage;
  /** The job that is handed out next. */
  head: string | null;
  /** The delayed job that is due first, and when, in milliseconds since the epoch. */
  due: { id: string; at: number } | null;
  /** Jobs that were handed out, the latest first. */
  active: string[];
}

export interface ActiveJob {
  stage: WorkStage;
  id: string;
  /** Null: its lease ran out. */
  lock: string | null;
  /** What is left of the lease, in milliseconds. */
  leftMs: number;
}

/** BullMQ keeps a delayed job's time in the upper bits of its score, the order of arrival in the lower twelve. */
const SCORES_A_MILLISECOND = 0x1000;

/** Looks at several stages in one request. O(claimed jobs). */
export async function lookAt(redis: Redis, queues: Queues, stages: readonly WorkStage[]): Promise<Look[]> {
  const keys = stages.flatMap((stage) => {
    const { wait, delayed, active } = queues[stage].keys;
    return [wait!, delayed!, active!];
  });
  const answers = (await run(redis, LOOK, keys, [])) as [string | null, string | null, string | null, string[]][];
  return answers.map(([head, id, score, active], at) => {
    const due = id === null ? null : { id, at: Math.floor(Number(score) / SCORES_A_MILLISECOND) };
    return { stage: stages[at]!, head, due, active };
  });
}

/** The jobs that were handed out, the oldest hand-out first, with their locks. */
export async function activeJobs(redis: Redis, queues: Queues, looks: readonly Look[]): Promise<ActiveJob[]> {
  const jobs = looks.flatMap(({ stage, active }) => active.toReversed().map((id) => ({ stage, id })));
  if (jobs.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const { stage, id } of jobs) {
    const lock = queues[stage].toKey(`${id}:lock`);
    pipeline.get(lock);
    pipeline.pttl(lock);
  }
  const answers = await answersOf(pipeline);
  return jobs.map((job, at) => ({
    ...job,
    lock: answers[at * 2] as string | null,
    leftMs: Math.max(0, answers[at * 2 + 1] as number),
  }));
}

/** The stage whose next job has waited longest, or null when nothing is due. */
export async function oldestStage(redis: Redis, queues: Queues, looks: readonly Look[]): Promise<WorkStage | null> {
  const now = Date.now();
  const ready = looks.filter(({ head, due }) => head !== null || (due !== null && due.at <= now));
  if (ready.length <= 1) return ready[0]?.stage ?? null;
  const pipeline = redis.pipeline();
  const waiting = ready.filter(({ head }) => head !== null);
  for (const { stage, head } of waiting) pipeline.hget(queues[stage].toKey(head!), 'timestamp');
  const added = await answersOf(pipeline);
  const since = (look: Look) => {
    const at = waiting.indexOf(look);
    return at < 0 ? look.due!.at : Number(added[at] ?? now);
  };
  return ready.map((look) => ({ look, at: since(look) })).sort((a, b) => a.at - b.at)[0]!.look.stage;
}

async function answersOf(pipeline: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}
