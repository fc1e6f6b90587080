import type { Clock } from '../../kernel/clock.ts';

/** How often signing in may fail before it has to wait, by name and by where it comes from. */
const BY_NAME = 10;
const BY_SOURCE = 50;
const WINDOW_MS = 10 * 60_000;
/** Names and sources told apart; beyond that the oldest goes, so that a flood cannot fill memory. */
const KEPT = 10_000;

/** Failures to sign in. In memory: what a restart forgets is ten minutes of them. */
export interface Attempts {
  /** Seconds to wait before this name, or whoever comes from there, may try again; null where it may now. */
  wait(name: string, source: string): number | null;
  failed(name: string, source: string): void;
  /** Who came in has no failures any more; where it came from keeps them. */
  succeeded(name: string): void;
}

export function attempts(clock: Clock): Attempts {
  const counts = new Map<string, { since: number; failures: number }>();
  const current = (key: string) => {
    const count = counts.get(key);
    return count !== undefined && clock.now() - count.since < WINDOW_MS ? count : undefined;
  };
  const keysOf = (name: string, source: string) => [
    [`name ${name}`, BY_NAME] as const,
    [`source ${source}`, BY_SOURCE] as const,
  ];
  return {
    wait(name, source) {
      const waits = keysOf(name, source).flatMap(([key, most]) => {
        const count = current(key);
        if (count === undefined || count.failures < most) return [];
        return [Math.max(1, Math.ceil((count.since + WINDOW_MS - clock.now()) / 1000))];
      });
      return waits.length === 0 ? null : Math.max(...waits);
    },
    failed(name, source) {
      for (const [key] of keysOf(name, source)) {
        const count = current(key);
        if (count !== undefined) {
          count.failures += 1;
          continue;
        }
        counts.delete(key);
        if (counts.size >= KEPT) counts.delete(counts.keys().next().value as string);
        counts.set(key, { since: clock.now(), failures: 1 });
      }
    },
    succeeded: (name) => void counts.delete(`name ${name}`),
  };
}
