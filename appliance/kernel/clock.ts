/** Where time comes from. Always the server's; tests pass their own. */
export interface Clock {
  /** Milliseconds since the epoch. Never smaller than an earlier answer of the same clock. */
  now(): number;
  /** `now()` as UTC ISO 8601 with milliseconds (spec 2). */
  iso(): string;
  /** The host's own time, which may be set back; absent where a clock has no host. */
  host?(): number;
}

export interface SystemClockOptions {
  /** The latest time that was known before this process began, in milliseconds since the epoch. */
  floor?: number;
  /** Milliseconds that went by, from any origin, whatever the host's clock is set to. */
  elapsed?: () => number;
}

/**
 * The host's clock, held so that it never steps back: when the host's time is set back, or was never as far as `floor`,
 * answers go on from the latest one at half speed until the host has caught up (spec 1, "Time does not run backwards").
 * It must not stand still meanwhile: leases, waits and tokens would never run out.
 */
export function systemClock(read: () => number = Date.now, options: SystemClockOptions = {}): Clock {
  const elapsed = options.elapsed ?? (() => performance.now());
  let latest = options.floor ?? 0;
  let lookedAt = elapsed();
  const now = () => {
    const [host, looked] = [read(), elapsed()];
    latest = Math.max(host, latest + (looked - lookedAt) / 2);
    lookedAt = looked;
    return Math.floor(latest);
  };
  return { now, iso: () => new Date(now()).toISOString(), host: read };
}
