import { sha256Hex } from '../kernel/digest.ts';
import { codeFrames, type ErrorCode, FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { shaped } from '../kernel/log-fields.ts';
import { FAILED_STATE, RETRY_WAITS, WORK_STAGES, type WorkStage } from '../kernel/pipeline.ts';
import { type ClaimedJob, lossesOf, SUSPECT_LOSSES } from '../stores/queue/port.ts';
import type { DocumentRow, StageError } from '../stores/record/rows.ts';
import { relayOutbox } from './outbox.ts';
import type { DataPlane } from './plane.ts';
import { attendReindexes } from './reindex/attend.ts';
import { continueReprocess } from './reprocess.ts';
import { matchVectors } from './served-vectors.ts';
import { settleBatches } from './settle.ts';
import type { Stage, StageResult } from './stage.ts';

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
 * Trouble of a store as a whole, which no document is to blame for: it costs no attempt. The job goes back and this
 * worker lets the tenant rest, longer each time, until the disk or the file is mended.
 */
const STORE_TROUBLE = /^(?:DISK_FULL|STORE_READ_ONLY|STORE_CORRUPTED|ENOSPC|EDQUOT|EROFS|SQLITE_IOERR.*)$/;
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 15_000;

/**
 * A job that takes longer than this gives its place to others, so that one tenant's slow files never stop the rest;
 * at most this many times the concurrency run in all.
 */
const SLOW_MS = 20_000;
const MOST_SLOW = 3;

/**
 * How often a worker asks whether its job still stands: erasing a document waits this long for who works on it, and a
 * run that another overtook goes on for no longer.
 */
const LOOK_MS = 500;
/** Why work is given up whose result would not count. */
const OVERTAKEN = new Error('A later run of the document has overtaken this one.');

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
    const guard = watch(plane, claim);
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
        await recordFailure(plane, claim, document, error).catch((reason: unknown) => giveBack(plane, claim, reason));
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

  /**
   * After a run that was overtaken or has failed: its vectors go, the served version's are there again. Before the job
   * is finished, so that a worker that dies in between leaves it to the next.
   */
  async function putVectorsRight(plane: DataPlane, { doc_id, stage }: ClaimedJob): Promise<void> {
    try {
      await matchVectors(plane, doc_id);
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      const { tenant_id, logger } = plane;
      logger.error('the vectors of a served version could not be put back', {
        ...shaped({ tenant_id, doc_id }),
        stage,
        ...codeFrames(error),
      });
    }
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

  async function recordFailure(
    plane: DataPlane,
    claim: ClaimedJob,
    document: DocumentRow,
    error: unknown,
  ): Promise<void> {
    const code = codeOf(error);
    const stack_trace_hash = traceHash(error);
    plane.logger.warn('stage failed', {
      ...shaped({ tenant_id: plane.tenant_id, doc_id: document.doc_id, stack_trace_hash }),
      stage: claim.stage,
      code,
      frames: codeFrames(error).frames,
      attempt: claim.failures + 1,
    });
    const wait = RETRY_WAITS[claim.stage][claim.failures];
    const at = plane.clock.iso();
    const stageError: StageError = {
      stage: claim.stage,
      code,
      message: isFrostbyteError(error)
        ? error.message
        : 'The stage failed for a reason of its own; the stack trace hash names it in the logs.',
      retry_count: claim.failures,
      last_retry_at: claim.failures > 0 ? at : null,
    };
    if (wait !== undefined && isRetryable(error)) {
      await plane.records.noteRetry(claim, stageError, at);
      await plane.queue.retry(claim, wait);
      return;
    }
    if (claim.stage === 'parse') plane.meter.parseFailure(plane.tenant_id, code);
    // No gate judged this version, so an earlier one is not served on; its rows go with the transaction.
    if (claim.stage === 'policy') await plane.vectors.removeDocument(document.doc_id);
    await plane.records.failStage({
      job: claim,
      error: stageError,
      state: FAILED_STATE[claim.stage],
      status: 'failed',
      // A document that no gate could judge is as good as quarantined: it waits for a person.
      patch: claim.stage === 'policy' ? { quarantine_reason: 'GATE_UNAVAILABLE' } : {},
      dead_letter: {
        dlq_entry_id: newId(),
        tenant_id: plane.tenant_id,
        original_job_id: claim.job_id,
        stage: claim.stage,
        resource_type: 'document',
        resource_id: document.doc_id,
        first_attempt_at: document.first_attempt_at ?? at,
        last_attempt_at: at,
        resolved_at: null,
        retry_count: claim.failures,
        error: { code, message: stageError.message, stack_trace_hash },
        status: 'pending_review',
        resolution: null,
      },
      entries: options.stages[claim.stage].failed(plane, document, { code, retry_count: claim.failures }),
      at,
    });
    await putVectorsRight(plane, claim);
    await plane.queue.finish(claim);
    await settleBatches(plane, document.doc_id);
  }

  /**
   * Keeps the lease alive; aborts the work when it is lost, the job was withdrawn (its document is being erased), a later
   * run has begun, the worker stops or the tenant's drain is over.
   */
  function watch(plane: DataPlane, claim: ClaimedJob): { signal: AbortSignal; stop(): void } {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const isOvertaken = async () => {
      const run = await plane.records.currentRun(claim.doc_id);
      return run !== null && run !== claim.run;
    };
    let suspendedSince: number | null = null;
    let nextExtension = performance.now() + options.leaseMs / 3;
    let nextLook = performance.now() + LOOK_MS;
    const timer = setInterval(() => {
      const now = performance.now();
      if (!options.isSuspended(plane.tenant_id)) suspendedSince = null;
      else suspendedSince ??= now;
      if (suspendedSince !== null && now - suspendedSince >= options.drainMs) return abort();
      if (now >= nextExtension) {
        nextExtension = now + options.leaseMs / 3;
        plane.queue.extend(claim, options.leaseMs).then((held) => held || abort(), abort);
      } else if (now >= nextLook) {
        nextLook = now + LOOK_MS;
        // A store that cannot be asked is no reason to stop: the lease says when.
        plane.queue.isHeld(claim).then(
          (held) => held || abort(),
          () => undefined,
        );
        isOvertaken().then(
          (overtaken) => overtaken && controller.abort(OVERTAKEN),
          () => undefined,
        );
      }
    }, 250);
    stopping.signal.addEventListener('abort', abort, { once: true });
    if (stopping.signal.aborted) abort();
    return {
      signal: controller.signal,
      stop() {
        clearInterval(timer);
        stopping.signal.removeEventListener('abort', abort);
      },
    };
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

/** The caller's mistake and what can never work are final; all else may pass (spec 2: retries, then a dead letter). */
function isRetryable(error: unknown): boolean {
  return !isFrostbyteError(error) || error.kind === 'later' || error.kind === 'fault';
}

/**
 * Whether a store could not be reached and still cannot: no document is to blame for that either. Where all of them answer,
 * it may be the document's, whose attempts are counted.
 */
async function isStoreAway({ objects, records, vectors, queue }: DataPlane, error: unknown): Promise<boolean> {
  if (!isFrostbyteError(error, 'STORE_UNAVAILABLE') || error.kind !== 'later') return false;
  const checks = await Promise.allSettled([objects, records, vectors, queue].map((store) => store.check()));
  return checks.some(({ status }) => status === 'rejected');
}

/** Whether the error, or what caused it, is one of the stores' own. */
function isStoreTrouble(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (STORE_TROUBLE.test(String((at as { code?: unknown }).code))) return true;
  }
  return false;
}

function codeOf(error: unknown): ErrorCode {
  return isFrostbyteError(error) ? error.code : 'INTERNAL_ERROR';
}

function traceHash(error: unknown): string {
  return sha256Hex(error instanceof Error ? (error.stack ?? error.name) : typeof error).slice(0, 16);
}
