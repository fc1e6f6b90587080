import type { Clock } from '../../appliance/kernel/clock.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let time = start;
  return {
    now: () => time,
    iso: () => new Date(time).toISOString(),
    advance: (ms) => {
      time += ms;
    },
  };
}
