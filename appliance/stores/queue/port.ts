import type { WorkStage } from '../../kernel/pipeline.ts';

/**
 * The work queue of one tenant. A convenience, never the truth: a queue that loses everything loses nothing, because
 * the sweep makes jobs again from the record store (spec 2). A job is held under a lease; a worker that dies gives it
 * back when the lease runs out.
 */
export interface JobQueue {
  /** Adds a job. One with the same `job_id` that is still there, waiting or claimed, is left as it is. */
  add(jobs: readonly Job[]): Promise<void>;
  /** Takes the oldest due job of these stages, or null. A job is claimed by one worker at a time. O(log jobs). */
  claim(stages: readonly WorkStage[], worker: string, leaseMs: number): Promise<ClaimedJob | null>;
  /** Prolongs a lease. False: the lease was lost, drop the work. */
  extend(claim: ClaimedJob, leaseMs: number): Promise<boolean>;
  /** The work is done, the job goes. False: the lease was lost meanwhile. */
  finish(claim: ClaimedJob): Promise<boolean>;
  /** Back to the queue, due in `delayMs`; counts one failed attempt. False: the lease was lost. */
  retry(claim: ClaimedJob, delayMs: number): Promise<boolean>;
  /** Gives the job back untouched (kill-switch, shutdown); counts nothing. */
  release(claim: ClaimedJob): Promise<boolean>;
  /** Names of the workers that hold a job now. O(claimed jobs). */
  holders(): Promise<string[]>;
  /**
   * Gives back every job that `worker` holds, because it is dead, and answers how many those were. The hand-out stays
   * counted, and a job that outlived several of its workers rests for `lossRest` first. Claims of the dead are lost.
   */
  releaseWorker(worker: string): Promise<number>;
  /** Removes jobs of a document, claimed ones too. */
  removeDocument(docId: string): Promise<void>;
  /**
   * Takes a document's jobs away. Those that wait go at once; one that a worker holds is lost to it (`isHeld` and `extend`
   * answer false) and goes when the worker lets go of it, or with its lease. Answers how many are held still: repeat it
   * until there is none, and nobody works on the document any more.
   */
  withdraw(docId: string): Promise<number>;
  /** True while the claim stands: neither withdrawn nor handed to another worker. */
  isHeld(claim: ClaimedJob): Promise<boolean>;
  /** True while a job with this id is waiting or claimed. */
  has(jobId: string): Promise<boolean>;
  /** Jobs waiting or claimed, per stage. */
  depth(): Promise<Record<WorkStage, number>>;
  /** Milliseconds until the next job is due: 0 when one is due now, null when there is none. */
  nextDue(stages: readonly WorkStage[]): Promise<number | null>;
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface Job {
  /** Made of document, run and stage (`jobId`), so that making it again is harmless. */
  job_id: string;
  stage: WorkStage;
  doc_id: string;
  /** The document's run; a job of an earlier run is stale. */
  run: number;
}

export interface ClaimedJob extends Job {
  /** Failed attempts so far: 0 on the first try. */
  failures: number;
  /** Times it was handed out, this one included; more than failures + 1 when workers died. */
  deliveries: number;
  /** Names this claim; a later claim of the same job has another. */
  lease: string;
}

/** The id of the job that runs `stage` of a document's `run`. */
export function jobId(docId: string, run: number, stage: WorkStage): string {
  return `${docId}.${run}.${stage}`;
}

/** Deaths of workers after which a job rests, since it may be what kills them. */
export const SUSPECT_LOSSES = 3;
const LONGEST_REST_MS = 30_000;

/**
 * How long a job rests after it was lost with its worker for the `losses`th time, in milliseconds: not at all at first
 * (somebody pulled a plug), then twice as long each time, so that others get on with their work meanwhile.
 */
export function lossRest(losses: number): number {
  if (losses < SUSPECT_LOSSES) return 0;
  return Math.min(LONGEST_REST_MS, 500 * 2 ** (losses - SUSPECT_LOSSES));
}

/** How often a claimed job was lost with its worker before. */
export function lossesOf({ deliveries, failures }: Pick<ClaimedJob, 'deliveries' | 'failures'>): number {
  return deliveries - failures - 1;
}
