/**
 * Does `work` with every item, `atOnce` at a time, in the order in which they come. A place whose work failed takes no more,
 * the others go on; throws as `allSettled` does.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  // One iterator for all: each takes what comes next when it is through with what it had.
  const queue = items[Symbol.iterator]();
  const some = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await allSettled(Array.from({ length: atOnce }, some));
}

/** Waits for all, then throws the first failure: nothing goes on behind the caller's back. */
export async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
