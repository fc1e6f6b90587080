import type { ReindexRow } from '../../stores/record/rows.ts';
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
/** How long a tenant's reindex rests that met trouble; twice as long each time that it goes on. */
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 60_000;

/**
 * One step at a time, beside the places of jobs: the embedder shares itself between both, and neither a reindex nor what
 * arrives waits for the other's end.
 */
export function attendReindexes(options: AttendOptions): ReindexAttendant {
  let step: Promise<void> | null = null;
  let next = 0;
  let turn = 0;
  /** Tenants whose reindex met trouble: a model that is not whole is hashed each time that it is asked for. */
  const resting = new Map<string, { of: string; until: number; ms: number }>();

  async function look(): Promise<void> {
    if (step !== null || performance.now() < next) return;
    next = performance.now() + LOOK_MS;
    const planes = await options.planes();
    for (let i = 0; i < planes.length; i++) {
      const plane = planes[(turn + i) % planes.length]!;
      const open = await plane.records.openReindex().catch(() => null);
      if (open === null || isResting(plane.tenant_id, open)) continue;
      turn = (turn + i + 1) % planes.length;
      step = take(plane, open);
      options.hold(plane.tenant_id, step);
      return;
    }
  }

  async function take(plane: DataPlane, open: ReindexRow): Promise<void> {
    const { worker, isStopped, onTrouble, onEnd } = options;
    const { tenant_id } = plane;
    let isTroubled = false;
    try {
      const more = await continueReindex(plane, {
        worker,
        isStopped: () => isStopped(tenant_id),
        onTrouble() {
          isTroubled = true;
        },
      });
      if (more) next = 0;
      if (isTroubled) rest(tenant_id, open);
      else resting.delete(tenant_id);
    } catch (error) {
      onTrouble(plane, error);
    } finally {
      step = null;
      onEnd();
    }
  }

  function rest(tenantId: string, open: ReindexRow): void {
    const before = resting.get(tenantId);
    const ms = before?.of === stageOf(open) ? Math.min(LONGEST_REST_MS, 2 * before.ms) : FIRST_REST_MS;
    resting.set(tenantId, { of: stageOf(open), until: performance.now() + ms, ms });
  }

  function isResting(tenantId: string, open: ReindexRow): boolean {
    const one = resting.get(tenantId);
    return one !== undefined && one.of === stageOf(open) && performance.now() < one.until;
  }

  return {
    look,
    async settled() {
      await step;
    },
  };
}

/** One that was cancelled need not wait for what kept it from being built. */
function stageOf({ reindex_id, status }: ReindexRow): string {
  return `${reindex_id} ${status}`;
}
