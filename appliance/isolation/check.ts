import type { IsolationOrder, IsolationTry } from '../api/plane/isolation-order.ts';
import { Inconclusive, type Tries, triesOf } from './attempt.ts';
import { tryObjects } from './objects/try-objects.ts';
import { tryNetwork, tryScanner } from './try-network.ts';
import { tryQueue } from './try-queue.ts';
import { tryRecords } from './try-records.ts';
import { tryVectors } from './try-vectors.ts';

type TryStore = (order: IsolationOrder, tries: Tries) => Promise<void>;

const STORES: Readonly<Record<string, TryStore>> = Object.freeze({
  objects: tryObjects,
  records: tryRecords,
  vectors: tryVectors,
  queue: tryQueue,
  scanner: tryScanner,
  network: tryNetwork,
});

/** What a check may take, in seconds: each store answers in its time, or what it was not asked is named. */
const LONGEST_SECONDS = 90;
/** Beside that, for each other tenant. */
const EACH_SECONDS = 5;

/** How long a check of so many targets goes on knocking, in milliseconds. Each door that was begun may take its time. */
export function knocksFor(targets: number): number {
  return (LONGEST_SECONDS + EACH_SECONDS * targets) * 1000;
}

/**
 * The isolation check in stack mode (spec 3), from where it runs: in the tenant's own network, with what the tenant holds.
 * Each store by itself and all together. It is safe when it is right; where a door stands open, what it may harm is the
 * probe's. A door that could not be found out about is SKIPPED with its reason, and takes nothing from what others
 * answered. O(targets).
 */
export async function tryEverything(
  order: IsolationOrder,
  stores: Readonly<Record<string, TryStore>> = STORES,
): Promise<IsolationTry[]> {
  const until = performance.now() + knocksFor(order.targets.length);
  const found = await Promise.all(
    Object.entries(stores).map(async ([store, run]) => {
      const tries = triesOf(store, order.tenant_id, { until });
      await run(order, tries).catch((error: unknown) => {
        const reason = error instanceof Inconclusive ? error.message : 'it broke off in a way that says nothing';
        // Whatever of this store was still to be tried: its own name in the report, so that it does not pass.
        tries.found.push({ store, test: 'the rest', target: order.tenant_id, result: 'SKIPPED', reason });
      });
      return tries.found;
    }),
  );
  return found.flat();
}
