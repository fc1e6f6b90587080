/**
 * Half of a surrogate pair, which JSON may write as `\ud800`, is no character: it has no UTF-8, so that no hash, canonical
 * form or database holds it as it came. What comes from outside is refused where it has one.
 */

/** Where a value from JSON has its first such text, as the names that lead there; null where it has none. O(value). */
export function halfCharacter(value: unknown): string[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, item] of Object.entries(value)) {
    // A name that cannot be written down is told by what holds it.
    if (!name.isWellFormed()) return [];
    const found = halfCharacter(item);
    if (found !== null) return [name, ...found];
  }
  return null;
}

/** Whether JSON text can hold one: only an escape brings it through UTF-8. */
export function mayHoldHalves(json: string): boolean {
  return /\\u[dD][89a-fA-F]/.test(json);
}
