import { type ChildProcess, fork } from 'node:child_process';
import type { MetricObject } from 'prom-client';
import type { PlaneHandover } from '../api/plane/handover.ts';
import { newId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/telemetry.ts';
import { entryOf, NODE_FLAGS } from './entry.ts';

/** Worker processes that the daemon keeps running; one that dies is replaced, and its jobs are given back at once. */
export interface WorkerPool {
  wake(): void;
  /** Tells each of them, those of now. */
  tell(message: ToWorker): void;
  stop(): Promise<void>;
  pids(): number[];
  /**
   * True for a worker of a pool (of this daemon or of an earlier one on the folder) that is not among the living. Workers
   * that somebody else started are never called dead: their leases speak for them.
   */
  isDead(worker: string): boolean;
}

/** How the names of a pool's workers begin. */
const POOL = 'pool-';

/** What daemon and worker tell each other. */
export type ToWorker =
  | { type: 'wake' }
  | { type: 'stop' }
  /** The first words to a worker of one tenant: all that it gets to know. */
  | { type: 'handover'; handover: PlaneHandover }
  | { type: 'configure'; config: PlaneHandover['config']; version: number }
  | { type: 'rekey'; keys: PlaneHandover['storage_keys'] }
  /** Takes no job any more; those it has may end within the drain. */
  | { type: 'drain' };
export type FromWorker = { type: 'metrics'; snapshot: MetricObject[] } | { type: 'ready' };

export interface WorkerPoolOptions {
  count: number;
  /**
   * For all tenants of a data folder: the configuration as JSON, which holds no secret. Or for one tenant: what it is
   * handed over, through the channel between the processes, by each worker that starts.
   */
  work: { config: string } | { handover(): PlaneHandover };
  logger: Logger;
  onMetrics(worker: string, snapshot: MetricObject[] | null): void;
  /** A worker ended that was not told to. */
  onDeath(): void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
const STOP_MS = 15_000;

export function startWorkers({ count, work, logger, onMetrics, onDeath }: WorkerPoolOptions): WorkerPool {
  const children = new Map<number, ChildProcess>();
  const living = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let stopping = false;

  function start(slot: number, wait: number): void {
    const name = `${POOL}${newId()}`;
    living.add(name);
    const child = fork(entryOf('worker'), [name], {
      env: { ...('config' in work ? { FROSTBYTE_WORKER_CONFIG: work.config } : {}), PATH: process.env.PATH ?? '' },
      execArgv: NODE_FLAGS,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    children.set(slot, child);
    if ('handover' in work) child.send({ type: 'handover', handover: work.handover() } satisfies ToWorker, () => {});
    let ready = false;
    child.on('message', (message: FromWorker) => {
      if (message.type === 'ready') ready = true;
      if (message.type === 'metrics') onMetrics(`worker-${slot}`, message.snapshot);
    });
    child.on('error', () => {});
    child.on('exit', (code, signal) => {
      children.delete(slot);
      living.delete(name);
      onMetrics(`worker-${slot}`, null);
      if (stopping) return;
      onDeath();
      logger.warn('worker ended, starting another', {
        pid: child.pid ?? 0,
        status: code ?? 0,
        ...(signal ? { signal } : {}),
      });
      // One that got to work is replaced at once; one that dies at birth is waited for longer each time.
      const now = ready ? FIRST_WAIT_MS : wait;
      const next = Math.min(now * 2, LONGEST_WAIT_MS);
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(slot, next);
      }, now);
      timers.add(timer);
    });
  }

  for (let slot = 1; slot <= count; slot++) start(slot, FIRST_WAIT_MS);
  const tell = (message: ToWorker) => {
    for (const child of children.values()) if (child.connected) child.send(message, () => {});
  };
  return {
    wake: () => tell({ type: 'wake' }),
    tell,
    isDead: (worker) => worker.startsWith(POOL) && !living.has(worker),
    pids: () => [...children.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    async stop() {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      const gone = [...children.values()].map(
        (child) => new Promise<void>((resolve) => child.once('exit', () => resolve())),
      );
      tell({ type: 'stop' });
      const deadline = setTimeout(() => {
        for (const child of children.values()) child.kill('SIGKILL');
      }, STOP_MS);
      await Promise.all(gone);
      clearTimeout(deadline);
    },
  };
}
