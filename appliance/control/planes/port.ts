import type { PlaneAddress, PlaneHandover } from '../../api/plane/handover.ts';

/**
 * What runs the tenants' data planes: child processes, or containers on networks of their own. It starts and ends them
 * and knows nothing of what they do; `keep-planes.ts` decides which run, dials them and starts them again.
 */
export interface PlaneHost {
  /** Where a plane that is started now will listen: part of its handover. New for each start, where that costs nothing. */
  addressFor(tenantId: string): Promise<PlaneAddress>;
  /**
   * Starts a tenant's plane and gives it what it needs, so that no other process sees it. Resolves once it was started;
   * that it answers is found by dialling. What an earlier control left running of this tenant is ended first. Throws
   * `SERVICE_UNAVAILABLE` where it cannot be started.
   */
  start(handover: PlaneHandover): Promise<RunningPlane>;
  /** Ends everything that it started, at once. */
  close(): Promise<void>;
}

export interface RunningPlane {
  readonly address: PlaneAddress;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  alive(): boolean;
  /** Ends it at once, also one that hangs. */
  kill(): void;
}
