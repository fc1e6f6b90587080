import type { Clock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import { WORK_STAGES, type WorkStage } from '../../kernel/pipeline.ts';
import { openSqlite, type SqliteConnection } from '../sqlite/open.ts';
import { MIGRATIONS } from './migrations/sqlite.gen.ts';
import { type ClaimedJob, type Job, type JobQueue, lossRest } from './port.ts';

interface JobRow extends Job {
  seq: number;
  failures: number;
  deliveries: number;
  available_at: number;
}

const OLDEST = 'SELECT * FROM jobs WHERE stage = ? AND available_at <= ? ORDER BY available_at, seq LIMIT 1';
/** The latest claim of a job; and that it was not withdrawn. */
const CLAIM = 'job_id = ? AND lease = ?';
const STANDS = 'AND withdrawn = 0';
const NEXT = 'SELECT min(available_at) AS at FROM jobs WHERE stage = ?';

/**
 * The queue of one tenant in one SQLite file, for any number of processes. Jobs are taken by due time, then in the order
 * they were added. A lease that ran out stays its holder's until another worker takes the job: what was done in the
 * meantime is not thrown away. Every verb is one transaction; commits are not synced, because the queue is not the truth:
 * what a power cut takes from it, the sweep makes again. Throws as `openSqlite` does.
 */
export function openSqliteQueue(file: string, options: { clock: Clock; verify?: boolean }): JobQueue {
  const { clock } = options;
  const db = openSqlite(file, {
    migrations: MIGRATIONS,
    appliedAt: clock.iso(),
    durable: false,
    verify: options.verify ?? false,
  });
  return new SqliteQueue(db, clock);
}

class SqliteQueue implements JobQueue {
  readonly #db: SqliteConnection;
  readonly #clock: Clock;

  constructor(db: SqliteConnection, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    const now = this.#clock.now();
    this.#db.write(() => {
      for (const { job_id, stage, doc_id, run } of jobs) {
        this.#db.run(
          `INSERT INTO jobs (job_id, stage, doc_id, run, due_at, available_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (job_id) DO NOTHING`,
          [job_id, stage, doc_id, run, now, now],
        );
      }
    });
  }

  async claim(stages: readonly WorkStage[], worker: string, leaseMs: number): Promise<ClaimedJob | null> {
    // Most polls find nothing: look before asking for the write lock that all processes share.
    if (this.#oldest(stages) === undefined) return null;
    return this.#db.write(() => {
      const job = this.#oldest(stages);
      if (job === undefined) return null;
      const lease = newId();
      this.#db.run(
        'UPDATE jobs SET lease = ?, worker = ?, available_at = ?, deliveries = deliveries + 1 WHERE seq = ?',
        [lease, worker, this.#clock.now() + leaseMs, job.seq],
      );
      const { job_id, stage, doc_id, run, failures, deliveries } = job;
      return { job_id, stage, doc_id, run, failures, deliveries: deliveries + 1, lease };
    });
  }

  async extend(claim: ClaimedJob, leaseMs: number): Promise<boolean> {
    return this.#held(claim, 'UPDATE jobs SET available_at = ?', [this.#clock.now() + leaseMs], STANDS);
  }

  async isHeld(claim: ClaimedJob): Promise<boolean> {
    return this.#db.get(`SELECT 1 FROM jobs WHERE ${CLAIM} ${STANDS}`, [claim.job_id, claim.lease]) !== undefined;
  }

  async finish(claim: ClaimedJob): Promise<boolean> {
    return this.#held(claim, 'DELETE FROM jobs', []);
  }

  async retry(claim: ClaimedJob, delayMs: number): Promise<boolean> {
    const due = this.#clock.now() + delayMs;
    return this.#givenBack(
      claim,
      'UPDATE jobs SET lease = NULL, worker = NULL, failures = failures + 1, due_at = ?, available_at = ?',
      [due, due],
    );
  }

  async release(claim: ClaimedJob): Promise<boolean> {
    return this.#givenBack(
      claim,
      'UPDATE jobs SET lease = NULL, worker = NULL, deliveries = deliveries - 1, available_at = due_at',
      [],
    );
  }

  async holders(): Promise<string[]> {
    const rows = this.#db.all<{ worker: string }>('SELECT DISTINCT worker FROM jobs WHERE worker IS NOT NULL');
    return rows.map(({ worker }) => worker);
  }

  async releaseWorker(worker: string): Promise<number> {
    return this.#db.write(() => {
      this.#db.run('DELETE FROM jobs WHERE worker = ? AND withdrawn = 1', [worker]);
      const held = this.#db.all<{ seq: number; losses: number }>(
        'SELECT seq, deliveries - failures AS losses FROM jobs WHERE worker = ?',
        [worker],
      );
      for (const { seq, losses } of held) {
        const due = this.#clock.now() + lossRest(losses);
        this.#db.run('UPDATE jobs SET lease = NULL, worker = NULL, due_at = ?, available_at = ? WHERE seq = ?', [
          due,
          due,
          seq,
        ]);
      }
      return held.length;
    });
  }

  async removeDocument(docId: string): Promise<void> {
    this.#db.run('DELETE FROM jobs WHERE doc_id = ?', [docId]);
  }

  async withdraw(docId: string): Promise<number> {
    return this.#db.write(() => {
      this.#db.run('DELETE FROM jobs WHERE doc_id = ? AND (lease IS NULL OR available_at <= ?)', [
        docId,
        this.#clock.now(),
      ]);
      return this.#db.run('UPDATE jobs SET withdrawn = 1 WHERE doc_id = ?', [docId]);
    });
  }

  async has(jobId: string): Promise<boolean> {
    return this.#db.get('SELECT 1 FROM jobs WHERE job_id = ?', [jobId]) !== undefined;
  }

  async depth(): Promise<Record<WorkStage, number>> {
    const depth = Object.fromEntries(WORK_STAGES.map((stage) => [stage, 0])) as Record<WorkStage, number>;
    const rows = this.#db.all<{ stage: WorkStage; jobs: number }>(
      'SELECT stage, count(*) AS jobs FROM jobs GROUP BY stage',
    );
    for (const { stage, jobs } of rows) depth[stage] = jobs;
    return depth;
  }

  /** A claimed job counts with the end of its lease, when it may be due again. */
  async nextDue(stages: readonly WorkStage[]): Promise<number | null> {
    const times = stages.map((stage) => this.#db.get<{ at: number | null }>(NEXT, [stage])?.at ?? null);
    const known = times.filter((at) => at !== null);
    return known.length === 0 ? null : Math.max(0, Math.min(...known) - this.#clock.now());
  }

  async check(): Promise<void> {
    this.#db.check();
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  /** One index seek for each stage. */
  #oldest(stages: readonly WorkStage[]): JobRow | undefined {
    const now = this.#clock.now();
    const due = stages.map((stage) => this.#db.get<JobRow>(OLDEST, [stage, now])).filter((row) => row !== undefined);
    return due.sort((a, b) => a.available_at - b.available_at || a.seq - b.seq)[0];
  }

  /** Changes the job only while this claim is the latest one. */
  #held(claim: ClaimedJob, change: string, values: number[], also = ''): boolean {
    return this.#db.run(`${change} WHERE ${CLAIM} ${also}`, [...values, claim.job_id, claim.lease]) === 1;
  }

  /** Puts the job back, or lets it go where it was withdrawn meanwhile. */
  #givenBack(claim: ClaimedJob, change: string, values: number[]): boolean {
    return this.#db.write(() => {
      if (this.#held(claim, change, values, STANDS)) return true;
      this.#held(claim, 'DELETE FROM jobs', []);
      return false;
    });
  }
}
