import type { Tenant } from '../../control/verbs.ts';
import type { DataPlane } from '../../data/plane.ts';

const GIB = 1024 ** 3;

/** Bytes and things in a tenant's stores. */
export interface PlaneUsage {
  object: { bytes: number; objects: number };
  relational: { bytes: number; objects: number };
  vector: { bytes: number; objects: number };
}

interface Measured {
  usage: Promise<PlaneUsage>;
  /** `performance.now()` until which it stands. */
  until: number;
}

/** A measure stands at least this long, and a hundred times as long as it took: counting costs 1 % of the time at most. */
const LEAST_MS = 10_000;
const TIMES = 100;

const measured = new WeakMap<DataPlane, Measured>();

/** What a tenant's stores hold, counted now or not long ago. Counting is O(objects). */
export function usageOf(plane: DataPlane): Promise<PlaneUsage> {
  const known = measured.get(plane);
  if (known && performance.now() < known.until) return known.usage;
  const began = performance.now();
  const entry: Measured = { usage: count(plane), until: Number.POSITIVE_INFINITY };
  measured.set(plane, entry);
  const settle = () => {
    const now = performance.now();
    entry.until = now + Math.max(LEAST_MS, (now - began) * TIMES);
  };
  entry.usage.then(settle, () => measured.delete(plane));
  return entry.usage;
}

async function count({ objects, records, vectors }: DataPlane): Promise<PlaneUsage> {
  const [object, relational, vector] = await Promise.all([objects.usage(), records.usage(), vectors.usage()]);
  return { object, relational, vector };
}

/** What a tenant's stores hold, as the API tells it. */
export async function tenantUsage(plane: DataPlane): Promise<Tenant['usage']> {
  const [counts, stored] = await Promise.all([plane.records.counts(), usageOf(plane)]);
  return {
    storage_used_gb: stored.object.bytes / GIB,
    documents_count: counts.documents,
    chunks_count: counts.chunks,
    batches_count: counts.batches,
  };
}
