import type { Clock } from '../../kernel/clock.ts';
import { bucketOf, type LimitClass, PER_MINUTE, type RateLimiter, ROUNDING } from './port.ts';

/** Buckets beyond which those that are full again are forgotten. */
const MANY = 10_000;

/** The limits of one process. Memory follows the tenants that are active. */
export function bucketLimiter(clock: Clock, perMinute: Record<LimitClass, number> = PER_MINUTE): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    async take(limit, tenantId) {
      const capacity = perMinute[limit];
      const key = bucketOf(limit, tenantId);
      const now = clock.now();
      const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
      const tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 60_000) * capacity);
      if (tokens < 1 - ROUNDING) {
        buckets.set(key, { tokens, at: now });
        return Math.max(1, Math.ceil(((1 - tokens) / capacity) * 60));
      }
      buckets.set(key, { tokens: Math.max(0, tokens - 1), at: now });
      if (buckets.size > MANY) forgetFull(buckets, perMinute, now);
      return null;
    },
    check: async () => {},
    close: async () => {},
  };
}

function forgetFull(
  buckets: Map<string, { tokens: number; at: number }>,
  perMinute: Record<LimitClass, number>,
  now: number,
): void {
  for (const [key, bucket] of buckets) {
    const capacity = perMinute[key.split(':')[0] as LimitClass];
    if (bucket.tokens + ((now - bucket.at) / 60_000) * capacity >= capacity) buckets.delete(key);
  }
}
