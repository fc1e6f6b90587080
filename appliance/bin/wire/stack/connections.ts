/**
 * Sessions at the database that all tenants share, dealt out evenly: what one may have no other can take, and there are
 * never more promised than the server has (spec 3, "Noisy neighbour").
 */

/** What a tenant may have of them. */
export interface Share {
  /** Sessions of its user at most. */
  limit: number;
  /** Of these in its data plane's own pool, and in that of each of its workers. */
  plane: number;
  worker: number;
}

/** Of each share what no pool takes: the isolation check, control's look by the tenant's way, a worker that is replaced. */
const SPARE = 2;
/** What a data plane and each of its workers get where there are enough for all: more they do not use at once. */
const MOST = Object.freeze({ plane: 5, worker: 3 });
/** And what they need to work at all. */
const LEAST = Object.freeze({ plane: 2, worker: 1 });

/**
 * The share of each of so many tenants, whose data planes have so many workers, of the places that there are. Null where
 * there would be too few for one to work.
 */
export function shareOf(places: number, tenants: number, workers: number): Share | null {
  const even = Math.floor(places / Math.max(1, tenants));
  return even < leastShare(workers)
    ? null
    : poolsOf(Math.min(even, SPARE + MOST.plane + MOST.worker * workers), workers);
}

/** How a limit is split. */
export function poolsOf(limit: number, workers: number): Share {
  const rest = Math.max(0, limit - SPARE);
  const each = Math.floor(rest / 2 / Math.max(1, workers));
  const worker = Math.min(MOST.worker, Math.max(LEAST.worker, each));
  return { limit, worker, plane: Math.max(LEAST.plane, rest - worker * workers) };
}

/** Below it a tenant would not work. */
export function leastShare(workers: number): number {
  return SPARE + LEAST.plane + LEAST.worker * workers;
}
