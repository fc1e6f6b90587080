import { codeFrames } from '../kernel/errors.ts';
import type { Logger } from '../kernel/telemetry.ts';

/**
 * Work that goes on behind the verbs: one carrier per tenant, and a beat that looks for what is left to do. Nothing of
 * this is remembered here: all of it can be found again in the registry after a restart.
 */
export interface Background {
  /** Carries a tenant's plan now, if this process runs background work; else the next beat of the one that does. */
  kick(tenantId: string): void;
  /** Asks for a beat soon. */
  wake(): void;
  /** Keeps a promise so that `stop` waits for it; its failure is logged. */
  track(work: Promise<unknown>): void;
  start(): void;
  /** No further beat; what runs is told to stop and awaited. */
  stop(): Promise<void>;
  /** Resolves when nothing runs; what beats start later is not waited for. */
  idle(): Promise<void>;
}

export interface BackgroundParts {
  logger: Logger;
  /** Milliseconds between beats. */
  beatMs: number;
  /** One round: relay, counts, unfinished tenants (which it kicks). */
  beat(): Promise<void>;
  carry(tenantId: string, signal: AbortSignal): Promise<void>;
}

/** The longest pause between beats while they fail, in milliseconds: a dead disk is not asked twice a second. */
const LONGEST_PAUSE_MS = 30_000;

/** Background work that has not been started. */
export function background({ logger, beatMs, beat, carry }: BackgroundParts): Background {
  const stopping = new AbortController();
  const carried = new Map<string, Promise<void>>();
  const tracked = new Set<Promise<unknown>>();
  let running = false;
  let beating: Promise<void> | null = null;
  let again = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const failed = (error: unknown): void => {
    if (stopping.signal.aborted) return;
    logger.error('background work failed', codeFrames(error));
  };
  const track = (work: Promise<unknown>): void => {
    const kept = work.catch(failed).finally(() => tracked.delete(kept));
    tracked.add(kept);
  };
  const round = (): void => {
    if (!running || stopping.signal.aborted) return;
    if (beating !== null) {
      again = true;
      return;
    }
    clearTimeout(timer);
    beating = beat()
      .then(
        () => {
          failures = 0;
        },
        (error: unknown) => {
          failures += 1;
          failed(error);
        },
      )
      .finally(() => {
        beating = null;
        if (!running || stopping.signal.aborted) return;
        if (again && failures === 0) {
          again = false;
          round();
          return;
        }
        timer = setTimeout(round, Math.min(beatMs * 2 ** Math.min(failures, 10), Math.max(beatMs, LONGEST_PAUSE_MS)));
        timer.unref();
      });
  };

  return {
    kick: (tenantId) => {
      if (!running || carried.has(tenantId) || stopping.signal.aborted) return;
      const work = carry(tenantId, stopping.signal)
        .catch(failed)
        .finally(() => {
          carried.delete(tenantId);
          round();
        });
      carried.set(tenantId, work);
    },
    wake: round,
    track,
    start: () => {
      running = true;
      round();
    },
    stop: async () => {
      running = false;
      stopping.abort();
      clearTimeout(timer);
      await Promise.allSettled([...carried.values(), ...tracked, beating]);
    },
    idle: async () => {
      while (carried.size > 0 || tracked.size > 0 || beating !== null) {
        await Promise.allSettled([...carried.values(), ...tracked, beating]);
      }
    },
  };
}
