import type { RateLimiter } from './port.ts';

export interface AtHandOptions {
  /** How long a request waits for the shared limits, in milliseconds. */
  withinMs?: number;
  /** How long the shared limits are left alone once they failed, in milliseconds. */
  restMs?: number;
  /** Told each time that the shared limits fail; `restMs` apart at least. */
  onFailure?: (error: unknown) => void;
}

const TOO_LATE = Symbol('too late');

/**
 * The shared limits as long as they answer in time, else this process's own: a store that is away or hangs keeps no
 * request back for longer than `withinMs`, and after the first one none at all until it is tried again. The own limits
 * are drawn from all the time, so that changing over gives nobody a second bucket. Suspending a tenant asks no limits,
 * and so waits for neither.
 */
export function limitsAtHand(shared: RateLimiter, own: RateLimiter, options: AtHandOptions = {}): RateLimiter {
  const { withinMs = 100, restMs = 1000, onFailure } = options;
  let restsUntil = 0;

  function failed(error: unknown): void {
    const now = performance.now();
    if (now < restsUntil) return;
    restsUntil = now + restMs;
    onFailure?.(error);
  }

  return {
    async take(limit, tenantId) {
      const ownAnswer = await own.take(limit, tenantId);
      if (performance.now() < restsUntil) return ownAnswer;
      try {
        const answer = await inTime(shared.take(limit, tenantId), withinMs);
        if (answer !== TOO_LATE) return answer;
        failed(new Error('the shared limits did not answer in time'));
      } catch (error) {
        failed(error);
      }
      return ownAnswer;
    },
    check: () => shared.check(),
    async close() {
      await Promise.all([shared.close(), own.close()]);
    },
  };
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T | typeof TOO_LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof TOO_LATE>((done) => {
    timer = setTimeout(done, ms, TOO_LATE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // What comes too late interests nobody.
    work.catch(() => undefined);
  }
}
