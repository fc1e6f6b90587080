import type { DataPlane } from '../plane.ts';
import { continueReindex } from './step.ts';

/** How a worker sees to the reindexes of its tenants beside its jobs. */
export interface AttendOptions {
  /** Names the worker in what it holds. */
  worker: string;
  /** Tenants whose work may be done now. */
  planes(): Promise<DataPlane[]>;
  /** Whether this tenant's work must be let go. */
  isStopped(tenantId: string): boolean;
  /** Told of each step, so that whoever closes a plane can wait for it. */
  hold(tenantId: string, work: Promise<void>): void;
  /** The tenant's stores are in trouble. */
  onTrouble(plane: DataPlane, error: unknown): void;
  /** A step ended. */
  onEnd(): void;
}

export interface ReindexAttendant {
  /** Begins a step of some tenant's reindex, if none is under way; tenants take turns. */
  look(): Promise<void>;
  /** Resolves when no step is under way. */
  settled(): Promise<void>;
}

/** How often it is looked for a reindex that has something to do. */
const LOOK_MS = 500;

/**
 * One step at a time, beside the places of jobs: the embedder shares itself between both, and neither a reindex nor what
 * arrives waits for the other's end.
 */
export function attendReindexes(options: AttendOptions): ReindexAttendant {
  let step: Promise<void> | null = null;
  let next = 0;
  let turn = 0;

  async function look(): Promise<void> {
    if (step !== null || performance.now() < next) return;
    next = performance.now() + LOOK_MS;
    const planes = await options.planes();
    for (let i = 0; i < planes.length; i++) {
      const plane = planes[(turn + i) % planes.length]!;
      const open = await plane.records.openReindex().catch(() => null);
      if (open === null) continue;
      turn = (turn + i + 1) % planes.length;
      step = take(plane);
      options.hold(plane.tenant_id, step);
      return;
    }
  }

  async function take(plane: DataPlane): Promise<void> {
    const { worker, isStopped, onTrouble, onEnd } = options;
    try {
      const more = await continueReindex(plane, { worker, isStopped: () => isStopped(plane.tenant_id) });
      if (more) next = 0;
    } catch (error) {
      onTrouble(plane, error);
    } finally {
      step = null;
      onEnd();
    }
  }

  return {
    look,
    async settled() {
      await step;
    },
  };
}
