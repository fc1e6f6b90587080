import type { IsolationOrder, IsolationTry } from '../api/plane/isolation-order.ts';
import { triesOf } from './attempt.ts';
import { tryObjects } from './objects/try-objects.ts';
import { tryNetwork, tryScanner } from './try-network.ts';
import { tryQueue } from './try-queue.ts';
import { tryRecords } from './try-records.ts';
import { tryVectors } from './try-vectors.ts';

const STORES = Object.freeze({
  objects: tryObjects,
  records: tryRecords,
  vectors: tryVectors,
  queue: tryQueue,
  scanner: tryScanner,
  network: tryNetwork,
});

/**
 * The isolation check in stack mode (spec 3), from where it runs: in the tenant's own network, with what the tenant holds.
 * Each store by itself and all together. It is safe when it is right; where a door stands open, what it may harm is the
 * probe's. Throws `STORE_UNAVAILABLE` where a door could not be found out about. O(targets).
 */
export async function tryEverything(order: IsolationOrder): Promise<IsolationTry[]> {
  const found = await Promise.all(
    Object.entries(STORES).map(async ([store, run]) => {
      const tries = triesOf(store, order.tenant_id);
      await run(order, tries);
      return tries.found;
    }),
  );
  return found.flat();
}
