/** Assertions that were used: each counts once, so that whoever overhears one has nothing. */
export interface SpentAssertions {
  /** True the first time; false for one that was seen, or that has no name. */
  spend(id: string | undefined): boolean;
}

/**
 * Remembers what was spent for at least `livesMs`, which is how long an assertion may be good for. In memory: a process
 * that was started anew verifies with keys, or at an address, of its own. O(assertions of two lifetimes).
 */
export function spentAssertions(livesMs: number, elapsed: () => number = () => performance.now()): SpentAssertions {
  let older = new Set<string>();
  let newer = new Set<string>();
  let turned = elapsed();
  return {
    spend(id) {
      if (id === undefined) return false;
      const now = elapsed();
      if (now - turned >= livesMs) {
        older = now - turned >= 2 * livesMs ? new Set() : newer;
        newer = new Set();
        turned = now;
      }
      if (newer.has(id) || older.has(id)) return false;
      newer.add(id);
      return true;
    },
  };
}
