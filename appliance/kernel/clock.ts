/** Where time comes from. Always the server's; tests pass their own. */
export interface Clock {
  /** Milliseconds since the epoch. Never smaller than an earlier answer of the same clock. */
  now(): number;
  /** `now()` as UTC ISO 8601 with milliseconds (spec 2). */
  iso(): string;
}

/**
 * The host's clock, held so that it never steps back within a process: when the host's time is set back, answers
 * stay at the highest value seen until it has caught up (spec 1, "Time does not run backwards").
 */
export function systemClock(read: () => number = Date.now): Clock {
  let highest = 0;
  const now = () => {
    highest = Math.max(highest, read());
    return highest;
  };
  return { now, iso: () => new Date(now()).toISOString() };
}
