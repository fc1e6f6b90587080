import type { DataPlane } from '../data/plane.ts';
import type { ToWorker } from './worker-pool.ts';

/** Where a worker finds its work. */
export interface WorkSource {
  /** The planes that have, or may have, work now. */
  planes(): Promise<DataPlane[]>;
  /** True of a tenant whose jobs must not be taken, and whose work in flight must come to its end. */
  isSuspended(tenantId: string): boolean;
  /** Has the closing of a tenant's stores wait for this work. */
  hold(tenantId: string, work: Promise<unknown>): void;
  /** What the process that started this one has to say. */
  told(message: ToWorker): void;
  close(): Promise<void>;
}
