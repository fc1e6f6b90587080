/**
 * Requests per minute and class (spec 4). Ingest, query and audit count per tenant, admin over all. A resumable upload is
 * one ingest request, its creation; the pieces that follow count by themselves, so that a client with pieces of a few
 * megabytes does not use up the tenant's minute.
 */
export const PER_MINUTE = Object.freeze({ ingest: 100, upload: 1000, query: 1000, admin: 60, audit: 300 });
export type LimitClass = keyof typeof PER_MINUTE;

/**
 * Counts requests in token buckets: a full minute's worth at once, then refilled evenly. A refusal costs nothing. O(1) a
 * request.
 */
export interface RateLimiter {
  /** Null when the request may pass, else the whole seconds to wait, at least one. */
  take(limit: LimitClass, tenantId: string): Promise<number | null>;
  /** Throws `STORE_UNAVAILABLE` where the counts cannot be reached. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** No limits at all: what load and fault tests run with. */
export const unlimited: RateLimiter = { take: async () => null, check: async () => {}, close: async () => {} };

/** What a sum of float64 may be short of a whole token. */
export const ROUNDING = 1e-9;

/** Names the bucket that a request draws from. */
export function bucketOf(limit: LimitClass, tenantId: string): string {
  return limit === 'admin' ? limit : `${limit}:${tenantId}`;
}
