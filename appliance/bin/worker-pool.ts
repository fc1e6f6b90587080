import { type ChildProcess, fork } from 'node:child_process';
import type { MetricObject } from 'prom-client';
import type { Logger } from '../kernel/telemetry.ts';
import { entryOf } from './entry.ts';

/** Worker processes that the daemon keeps running; one that dies is replaced, its jobs come back by their leases. */
export interface WorkerPool {
  wake(): void;
  stop(): Promise<void>;
  pids(): number[];
}

/** What daemon and worker tell each other. */
export type ToWorker = { type: 'wake' } | { type: 'stop' };
export type FromWorker = { type: 'metrics'; snapshot: MetricObject[] } | { type: 'ready' };

export interface WorkerPoolOptions {
  count: number;
  /** The configuration as JSON, handed over the channel's environment: it holds no secret. */
  config: string;
  logger: Logger;
  onMetrics(worker: string, snapshot: MetricObject[] | null): void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;
const STOP_MS = 15_000;

export function startWorkers({ count, config, logger, onMetrics }: WorkerPoolOptions): WorkerPool {
  const children = new Map<number, ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();
  let stopping = false;

  function start(slot: number, wait: number): void {
    const child = fork(entryOf('worker'), [], {
      env: { FROSTBYTE_WORKER_CONFIG: config, PATH: process.env.PATH ?? '' },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    children.set(slot, child);
    const born = performance.now();
    child.on('message', (message: FromWorker) => {
      if (message.type === 'metrics') onMetrics(`worker-${slot}`, message.snapshot);
    });
    child.on('error', () => {});
    child.on('exit', (code, signal) => {
      children.delete(slot);
      if (stopping) return;
      logger.warn('worker ended, starting another', {
        pid: child.pid ?? 0,
        status: code ?? 0,
        ...(signal ? { signal } : {}),
      });
      // A worker that lived for a while starts anew at once; one that dies at birth waits longer each time.
      const next = performance.now() - born > LONGEST_WAIT_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(slot, next);
      }, wait);
      timers.add(timer);
    });
  }

  for (let slot = 1; slot <= count; slot++) start(slot, FIRST_WAIT_MS);
  const tell = (message: ToWorker) => {
    for (const child of children.values()) if (child.connected) child.send(message, () => {});
  };
  return {
    wake: () => tell({ type: 'wake' }),
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
