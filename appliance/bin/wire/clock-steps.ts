import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Whether the host's clock can be trusted to say that a document's time is over. A clock that stepped days ahead is wrong
 * more often than right (a flat battery, a typing error), and what the sweep erases by it never comes back.
 */
export interface ClockSteps {
  /** Looks at the clock, now and then: notes a step, and how long the appliance has run since. */
  look(): void;
  /** The step that is still doubted, or null. */
  doubted(): ClockStep | null;
}

/** Milliseconds since the epoch, but for `ran_ms`. */
export interface ClockStep {
  from: number;
  to: number;
  /** How long the appliance has run since it was seen. */
  ran_ms: number;
}

const HOUR_MS = 3_600_000;
/** A longer step ahead is doubted: more than a weekend without the box. */
export const DOUBTED_MS = 72 * HOUR_MS;
/** So long it is doubted while the appliance runs: a working day of somebody's, at any hour. */
export const DOUBT_FOR_MS = 24 * HOUR_MS;

/**
 * Remembers in `file` across restarts. `kept`: how far time was when it was last looked at, 0 where that is not known. A
 * clock that is set right again is doubted no more.
 */
export function clockSteps(
  file: string,
  kept: number,
  read: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): ClockSteps {
  let step = stepIn(file);
  let host = read();
  let at = elapsed();
  if (step === null && kept > 0 && host - kept > DOUBTED_MS) note({ from: kept, to: host, ran_ms: 0 });

  function note(next: ClockStep | null): void {
    step = next;
    try {
      if (next === null) rmSync(file, { force: true });
      else {
        writeFileSync(`${file}.new`, JSON.stringify(next), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      }
    } catch {
      // A full or read-only disk shows itself where it matters; this process knows.
    }
  }

  return {
    look() {
      const ran = Math.max(0, elapsed() - at);
      const before = host;
      [host, at] = [read(), elapsed()];
      if (step === null) {
        if (host - before - ran > DOUBTED_MS) note({ from: before, to: host, ran_ms: 0 });
        return;
      }
      const ran_ms = step.ran_ms + ran;
      const isRightAgain = host - step.from - ran_ms <= DOUBTED_MS;
      note(isRightAgain || ran_ms >= DOUBT_FOR_MS ? null : { ...step, ran_ms });
    },
    doubted: () => step,
  };
}

function stepIn(file: string): ClockStep | null {
  try {
    const { from, to, ran_ms } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ClockStep>;
    return [from, to, ran_ms].every(Number.isFinite) ? ({ from, to, ran_ms } as ClockStep) : null;
  } catch {
    return null;
  }
}
