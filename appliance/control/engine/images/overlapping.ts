/** How one of several goes along with the others. */
export interface Turn {
  /** Resolves once the one before was taken; rejects where it was not. */
  before: Promise<void>;
  /** Throws what another failed with: then there is no use in going on. */
  check(): void;
  /** Says that all of it is sent: the next may be on its way. */
  sent(): void;
  /** Says that it was taken: the next may be. */
  taken(): void;
}

/**
 * Does one after the other, each on its way while the one before is being taken; never more than those two. Throws what failed
 * first, once nothing is going on any more; what was taken before stays.
 */
export async function overlapping<Item>(
  items: Iterable<Item>,
  work: (item: Item, turn: Turn) => Promise<void>,
): Promise<void> {
  let failed: { error: unknown } | null = null;
  let before = Promise.resolve();
  const all: Promise<void>[] = [];
  const check = () => {
    if (failed !== null) throw failed.error;
  };
  for (const item of items) {
    const [sent, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const mine = work(item, { before, check, sent: sent.resolve, taken: taken.resolve }).catch((error: unknown) => {
      failed ??= { error };
      taken.reject(error);
    });
    // Nobody may be waiting for it.
    taken.promise.catch(() => undefined);
    all.push(mine);
    before = taken.promise;
    await Promise.race([sent.promise, mine]);
    if (failed !== null) break;
  }
  await Promise.all(all);
  check();
}
