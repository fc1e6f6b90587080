/** How long an operation still takes: what its phases took by experience, corrected by what this host needs. */

export interface Spent {
  /** Seconds by experience, and as they were. */
  expected: number;
  took: number;
}

export interface Remaining {
  /** Phases that worked in this run. Those that found nothing to do tell nothing. */
  spent: readonly Spent[];
  /** The phase that works now, and how much of it is done, where it says so. */
  current: Spent & { share: number | null };
  /** Seconds by experience of those that follow. */
  ahead: number;
}

/** No host is taken for more than this much slower, or faster, than those where the phases were measured. */
const SLOWEST = 20;
const FASTEST = 0.1;
/** Below this share, what a phase says of itself is not yet worth an extrapolation. */
const FIRST_SHARE = 0.05;
/** Seconds that are taken for granted of the experience, so that one short phase does not decide. */
const PRIOR = 2;

/** Seconds that are left, as well as they can be told. */
export function secondsRemaining({ spent, current, ahead }: Remaining): number {
  const share = current.share;
  const isTelling = share !== null && share >= FIRST_SHARE;
  const expectedOfCurrent = isTelling ? current.expected * share : 0;
  const expected = PRIOR + spent.reduce((sum, each) => sum + each.expected, expectedOfCurrent);
  const took = PRIOR + spent.reduce((sum, each) => sum + each.took, isTelling ? current.took : 0);
  const pace = Math.min(SLOWEST, Math.max(FASTEST, took / expected));
  const ofCurrent = isTelling
    ? (current.took / share) * (1 - share)
    : // One that takes longer than it should is taken to be near its end, never beyond it.
      Math.max(current.expected * pace - current.took, current.expected * pace * 0.1);
  return Math.ceil(ofCurrent + ahead * pace);
}
