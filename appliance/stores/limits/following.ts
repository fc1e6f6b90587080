import { FrostbyteError } from '../../kernel/errors.ts';
import type { RateLimiter } from './port.ts';

/** Where shared limits are counted, and what they ask of others to be counted there. */
export interface FollowingOptions<Place> {
  /** Says where, or null where nobody shares limits. Asked at first and when the place refused or did not answer. */
  place(): Promise<Place | null>;
  open(place: Place): RateLimiter | Promise<RateLimiter>;
  /** The place is asked for at most so often, in milliseconds. */
  askEveryMs?: number;
}

/**
 * Limits at a place that may change: another password after a restart of whoever hands it out. Throws
 * `STORE_UNAVAILABLE` while the place is unknown or does not answer; `limitsAtHand` then goes on without it.
 */
export function limitsFollowing<Place>(options: FollowingOptions<Place>): RateLimiter {
  const { place, open, askEveryMs = 2000 } = options;
  let current: { limiter: RateLimiter; key: string } | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;
  let isClosed = false;

  const ask = async (): Promise<void> => {
    const found = await place();
    const key = JSON.stringify(found);
    if (isClosed || found === null || key === current?.key) return;
    const limiter = await open(found);
    void current?.limiter.close();
    current = { limiter, key };
  };
  /** In the background: no request waits for it. */
  const look = (): void => {
    if (asking !== null || performance.now() - askedAt < askEveryMs) return;
    askedAt = performance.now();
    asking = ask()
      .catch(() => undefined)
      .finally(() => (asking = null));
  };
  const through = async <T>(work: (limiter: RateLimiter) => Promise<T>): Promise<T> => {
    if (current === null) {
      look();
      throw new FrostbyteError('STORE_UNAVAILABLE', 'Where the limits are counted is not known yet.');
    }
    try {
      return await work(current.limiter);
    } catch (error) {
      look();
      throw error;
    }
  };
  look();

  return {
    take: (limit, tenantId) => through((limiter) => limiter.take(limit, tenantId)),
    check: () => through((limiter) => limiter.check()),
    async close() {
      isClosed = true;
      await asking;
      await current?.limiter.close();
    },
  };
}
