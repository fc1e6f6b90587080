import { codeFrames, FrostbyteError } from '../kernel/errors.ts';
import { shaped } from '../kernel/log-fields.ts';
import { WORK_STAGES, type WorkStage } from '../kernel/pipeline.ts';
import { type ClaimedJob, lossesOf, SUSPECT_LOSSES } from '../stores/queue/port.ts';
import type { DocumentRow } from '../stores/record/rows.ts';
import { relayOutbox } from './outbox.ts';
import type { DataPlane } from './plane.ts';
import { attendReindexes } from './reindex/attend.ts';
import { continueReprocess } from './reprocess.ts';
import { settleBatches } from './settle.ts';
import type { Stage, StageResult } from './stage.ts';
import { putVectorsRight } from './worker/put-vectors-right.ts';
import { recordFailure } from './worker/record-failure.ts';
import { codeOf, isStoreAway, isStoreTrouble } from './worker/trouble.ts';
import { OVERTAKEN, watchJob } from './worker/watch-job.ts';

/**
 * Claims jobs, runs their stage, records the result (spec 2, "Queue"). The record store decides: a result counts only
 * if document, run and stage are still the ones the job names, so a job that is run twice changes things once.
 */
export interface WorkerOptions {
  /** Names this worker in leases. */
  name: string;
  stages: Readonly<Record<WorkStage, Stage>>;
  /** Tenants to serve now; asked for again on every round. */
  planes(): Promise<DataPlane[]>;
  /** The kill-switch: no job is taken while true. */
  isSuspended(tenantId: string): boolean;
  /** Jobs at a time. */
  concurrency: number;
  leaseMs: number;
  /** How long a job in flight may go on after its tenant was suspended (spec 3, drain). */
  drainMs: number;
  /** Longest sleep when there is nothing to do. */
  idleMs: number;
  /** Told of every job at work, so that whoever closes a plane can wait for it. */
  hold?(tenantId: string, work: Promise<void>): void;
}

export interface Worker {
  /** Runs until `stop`. */
  run(): Promise<void>;
  /** Looks for work at once instead of at the end of the idle wait. */
  wake(): void;
  /** Takes no more jobs, gives those in flight back, resolves when quiet. */
  stop(): Promise<void>;
}

/** Workers that a job may be lost with before it is taken for what killed them. */
const MOST_LOSSES = 10;

/**
 * Where a store is in trouble as a whole, the job goes back, which costs no attempt, and this worker lets the tenant rest,
 * longer each time, until the disk or the file is mended.
 */
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 15_000;

/**
 * A job that takes longer than this gives its place to others, so that one tenant's slow files never stop the rest;
 * at most this many times the concurrency run in all.
 */
const SLOW_MS = 20_000;
const MOST_SLOW = 3;

const ALL_BUT_EMBED = WORK_STAGES.filter((stage) => stage !== 'embed');

export function createWorker(options: WorkerOptions): Worker {
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  /** Those in flight that still hold a place. */
  const prompt = new Set<Promise<void>>();
  /** Tenants whose stores are in trouble, and until when (`performance.now`) they are left alone. */
  const resting = new Map<string, { until: number; ms: number }>();
  /** Jobs that could not be given back yet, by tenant; at most as many as were in flight. */
  const owed = new Map<string, ClaimedJob[]>();
  /** A suspect at work: it runs alone, so that no other document dies with it. */
  let alone: Promise<void> | null = null;
  let wakeUp = () => {};
  /** Somebody called `wake` while this worker was looking elsewhere: it must not go to sleep on that. */
  let woken = false;
  let turn = 0;

  const reindexing = attendReindexes({
    worker: options.name,
    planes: servedPlanes,
    isStopped: (tenantId) => stopping.signal.aborted || options.isSuspended(tenantId),
    hold: (tenantId, work) => options.hold?.(tenantId, work),
    onTrouble: rest,
    onEnd() {
      woken = true;
      wakeUp();
    },
  });

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      if (alone) await alone;
      await reindexing.look();
      if (hasPlace() && (await startOne())) continue;
      await idle();
    }
    await Promise.allSettled([...inFlight, reindexing.settled()]);
  }

  function hasPlace(): boolean {
    return prompt.size < options.concurrency && inFlight.size < options.concurrency * (1 + MOST_SLOW);
  }

  /** Tenants whose jobs may be taken now. */
  async function servedPlanes(): Promise<DataPlane[]> {
    return (await options.planes()).filter(({ tenant_id }) => !options.isSuspended(tenant_id) && !isResting(tenant_id));
  }

  /** Takes one job from the next tenant that has one: tenants take turns, so that no queue starves another. */
  async function startOne(): Promise<boolean> {
    const planes = await servedPlanes();
    for (let i = 0; i < planes.length; i++) {
      const plane = planes[(turn + i) % planes.length]!;
      const claim = await claimFrom(plane);
      if (!claim) continue;
      turn = (turn + i + 1) % planes.length;
      const suspect = lossesOf(claim) >= SUSPECT_LOSSES;
      const work = handle(plane, claim, suspect ? Promise.allSettled([...inFlight]) : Promise.resolve())
        .catch((error: unknown) =>
          plane.logger.error('job could not be recorded', {
            ...shaped({ tenant_id: plane.tenant_id, job_id: claim.job_id }),
            ...codeFrames(error),
          }),
        )
        .finally(() => {
          clearTimeout(slow);
          inFlight.delete(work);
          leavePlace();
          if (alone === work) alone = null;
        });
      const leavePlace = () => {
        prompt.delete(work);
        woken = true;
        wakeUp();
      };
      const slow = setTimeout(leavePlace, SLOW_MS);
      inFlight.add(work);
      prompt.add(work);
      options.hold?.(plane.tenant_id, work);
      if (suspect) alone = work;
      return true;
    }
    return false;
  }

  async function claimFrom(plane: DataPlane): Promise<ClaimedJob | null> {
    try {
      await settleDebts(plane);
      await relayOutbox(plane);
      const halted = await plane.records.isEmbeddingHalted();
      const stages = halted ? ALL_BUT_EMBED : WORK_STAGES;
      const claim = await plane.queue.claim(stages, options.name, options.leaseMs);
      // Documents that run again come when nothing else is due, a few at a time: fresh ones never wait behind them.
      if (claim !== null || halted || !(await continueReprocess(plane))) return claim;
      // A step that restarted nothing is no reason to sleep: the next may.
      woken = true;
      await relayOutbox(plane);
      return await plane.queue.claim(stages, options.name, options.leaseMs);
    } catch (error) {
      rest(plane, error);
      return null;
    }
  }

  function isResting(tenantId: string): boolean {
    return (resting.get(tenantId)?.until ?? 0) > performance.now();
  }

  function rest({ tenant_id, logger }: DataPlane, error: unknown): void {
    if (isResting(tenant_id)) return;
    const ms = Math.min(LONGEST_REST_MS, (resting.get(tenant_id)?.ms ?? FIRST_REST_MS / 2) * 2);
    resting.set(tenant_id, { until: performance.now() + ms, ms });
    logger.warn('the stores of a tenant are in trouble, its work rests', {
      ...shaped({ tenant_id }),
      code: codeOf(error),
      duration_ms: ms,
    });
  }

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, options.idleMs);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping.signal.aborted || woken) wakeUp();
    });
  }

  async function handle(plane: DataPlane, claim: ClaimedJob, before: Promise<unknown>): Promise<void> {
    const started = performance.now();
    const guard = watchJob(plane, claim, { ...options, stopping: stopping.signal });
    let document: DocumentRow | null = null;
    try {
      await before;
      guard.signal.throwIfAborted();
      document = await plane.records.startStage(claim, plane.clock.iso());
      if (document) await runStage(plane, claim, document, guard.signal);
      else await dropStale(plane, claim);
      resting.delete(plane.tenant_id);
    } catch (error) {
      if (guard.signal.reason === OVERTAKEN)
        await dropOvertaken(plane, claim).catch((reason: unknown) => giveBack(plane, claim, reason));
      else if (guard.signal.aborted) await plane.queue.release(claim);
      else if (document === null || isStoreTrouble(error) || (await isStoreAway(plane, error)))
        await giveBack(plane, claim, error);
      else
        await recordFailure(plane, claim, document, options.stages[claim.stage], error).catch((reason: unknown) =>
          giveBack(plane, claim, reason),
        );
    } finally {
      guard.stop();
      plane.meter.taskDuration(plane.tenant_id, claim.stage, (performance.now() - started) / 1000);
    }
  }

  async function runStage(
    plane: DataPlane,
    claim: ClaimedJob,
    document: DocumentRow,
    signal: AbortSignal,
  ): Promise<void> {
    if (lossesOf(claim) >= MOST_LOSSES) {
      throw new FrostbyteError('WORKER_LOST', 'Workers that took this document did not live to report.', {
        kind: 'never',
      });
    }
    const result = await options.stages[claim.stage].run({ plane, document, signal });
    signal.throwIfAborted();
    const counts = await commit(plane, claim, result);
    if (!counts) {
      if (result.kind === 'published') await embedAgain(plane, claim);
      await putVectorsRight(plane, claim);
    }
    await plane.queue.finish(claim);
    await relayOutbox(plane);
    if (result.kind !== 'advance' && result.kind !== 'again') await settleBatches(plane, document.doc_id);
  }

  /** A job that was overtaken. Where an earlier hand-out of it did not come to its end, its vectors may lie about. */
  async function dropStale(plane: DataPlane, claim: ClaimedJob): Promise<void> {
    if (claim.deliveries > 1) await dropOvertaken(plane, claim);
    else await plane.queue.finish(claim);
  }

  /** A job that was overtaken after it had begun: what it wrote of vectors may lie about. */
  async function dropOvertaken(plane: DataPlane, claim: ClaimedJob): Promise<void> {
    await putVectorsRight(plane, claim);
    await plane.queue.finish(claim);
  }

  /** The stores could not be asked or told: nothing is known against the document, so its job waits for better times. */
  async function giveBack(plane: DataPlane, claim: ClaimedJob, error: unknown): Promise<void> {
    rest(plane, error);
    await plane.queue.release(claim).catch((reason: unknown) => {
      owed.set(plane.tenant_id, [...(owed.get(plane.tenant_id) ?? []), claim]);
      throw reason;
    });
  }

  /** Gives back what a queue in trouble did not take; otherwise the job would wait for its lease to run out. */
  async function settleDebts({ tenant_id, queue }: DataPlane): Promise<void> {
    for (const claim of owed.get(tenant_id) ?? []) await queue.release(claim);
    owed.delete(tenant_id);
  }

  return {
    run,
    wake() {
      woken = true;
      wakeUp();
    },
    async stop() {
      stopping.abort();
      wakeUp();
      await Promise.allSettled([...inFlight, reindexing.settled()]);
    },
  };
}

async function commit({ records, clock }: DataPlane, claim: ClaimedJob, result: StageResult): Promise<boolean> {
  const job = { job_id: claim.job_id, stage: claim.stage, doc_id: claim.doc_id, run: claim.run };
  const at = clock.iso();
  if (result.kind === 'published') return records.publish({ job, at, ...result.publication });
  return records.finishStage({ job, at, patch: result.patch, entries: result.entries, outcome: result.kind });
}

/** Where another index came to be served while this one was written to; changes nothing where the job is stale. */
async function embedAgain({ records, clock }: DataPlane, { job_id, stage, doc_id, run }: ClaimedJob): Promise<void> {
  const job = { job_id, stage, doc_id, run };
  await records.finishStage({ job, at: clock.iso(), patch: {}, entries: [], outcome: 'again' });
}
