import type { ClaimedJob } from '../../stores/queue/port.ts';
import type { DataPlane } from '../plane.ts';

export interface WatchOptions {
  /** The worker stops. */
  stopping: AbortSignal;
  isSuspended(tenantId: string): boolean;
  leaseMs: number;
  drainMs: number;
}

/**
 * How often a worker asks whether its job still stands: erasing a document waits this long for who works on it, and a
 * run that another overtook goes on for no longer.
 */
const LOOK_MS = 500;
/** Why work is given up whose result would not count. */
export const OVERTAKEN = new Error('A later run of the document has overtaken this one.');

/**
 * Keeps the lease alive; aborts the work when it is lost, the job was withdrawn (its document is being erased), a later
 * run has begun, the worker stops or the tenant's drain is over.
 */
export function watchJob(
  plane: Pick<DataPlane, 'tenant_id' | 'records' | 'queue'>,
  claim: ClaimedJob,
  { stopping, isSuspended, leaseMs, drainMs }: WatchOptions,
): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const isOvertaken = async () => {
    const run = await plane.records.currentRun(claim.doc_id);
    return run !== null && run !== claim.run;
  };
  let suspendedSince: number | null = null;
  let nextExtension = performance.now() + leaseMs / 3;
  let nextLook = performance.now() + LOOK_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    if (!isSuspended(plane.tenant_id)) suspendedSince = null;
    else suspendedSince ??= now;
    if (suspendedSince !== null && now - suspendedSince >= drainMs) return abort();
    if (now >= nextExtension) {
      nextExtension = now + leaseMs / 3;
      plane.queue.extend(claim, leaseMs).then((held) => held || abort(), abort);
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
  stopping.addEventListener('abort', abort, { once: true });
  if (stopping.aborted) abort();
  return {
    signal: controller.signal,
    stop() {
      clearInterval(timer);
      stopping.removeEventListener('abort', abort);
    },
  };
}
