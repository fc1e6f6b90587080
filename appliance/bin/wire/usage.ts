import type { DataPlane } from '../../data/plane.ts';

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
