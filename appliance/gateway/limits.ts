import type { Clock } from '../kernel/clock.ts';

/**
 * Requests per minute and class (spec 4). Ingest, query and audit count per tenant, admin over all. A resumable upload is
 * one ingest request, its creation; the pieces that follow count by themselves, so that a client with pieces of a few
 * megabytes does not use up the tenant's minute.
 */
export const PER_MINUTE = Object.freeze({ ingest: 100, upload: 1000, query: 1000, admin: 60, audit: 300 });
export type LimitClass = keyof typeof PER_MINUTE;

/** Counts requests. Shared by all gateways in stack mode, in process here. */
export interface RateLimiter {
  /** Null when the request may pass, else the seconds to wait. */
  take(limit: LimitClass, tenantId: string): Promise<number | null>;
}

/** What a sum of float64 may be short of a whole token. */
const ROUNDING = 1e-9;

/** No limits at all: what load and fault tests run with. */
export const unlimited: RateLimiter = { take: async () => null };

/**
 * A token bucket per class and tenant: a full minute's worth at once, then refilled evenly. O(1) a request; buckets
 * that are full again are forgotten, so memory follows the tenants that are active.
 */
export function bucketLimiter(clock: Clock, perMinute: Record<LimitClass, number> = PER_MINUTE): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    async take(limit, tenantId) {
      const capacity = perMinute[limit];
      const key = limit === 'admin' ? limit : `${limit}:${tenantId}`;
      const now = clock.now();
      const bucket = buckets.get(key) ?? { tokens: capacity, at: now };
      const tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 60_000) * capacity);
      if (tokens < 1 - ROUNDING) {
        buckets.set(key, { tokens, at: now });
        return Math.max(1, Math.ceil(((1 - tokens) / capacity) * 60));
      }
      buckets.set(key, { tokens: Math.max(0, tokens - 1), at: now });
      if (buckets.size > 10_000) forgetFull(buckets, perMinute, now);
      return null;
    },
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
