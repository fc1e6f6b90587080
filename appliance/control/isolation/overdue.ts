import type { Clock } from '../../kernel/clock.ts';

/** What a check that is due may take until it was made: the others before it, and a store that is mended meanwhile. */
const GRACE_MS = 3_600_000;

/** From when on a tenant's last check says too little about now. */
export interface Overdue {
  /** Whoever was last checked at this moment, or before, is overdue; null: nobody is, control has just been started. */
  before(): string | null;
}

/** `everyMs`: how often checks come by themselves. A box that was off has as long as any to make those that are due. */
export function overdueChecks(clock: Clock, everyMs: number): Overdue {
  const upSince = clock.now();
  return {
    before() {
      const now = clock.now();
      return now - upSince < GRACE_MS ? null : new Date(now - everyMs - GRACE_MS).toISOString();
    },
  };
}
