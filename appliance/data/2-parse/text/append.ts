/** Adds all items to a list. `push(...items)` puts every item on the stack, which a large document overflows. */
export function append<T>(list: T[], items: readonly T[]): void {
  for (const item of items) list.push(item);
}
