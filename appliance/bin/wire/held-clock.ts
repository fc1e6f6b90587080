import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type Clock, type SystemClockOptions, systemClock } from '../../kernel/clock.ts';
import { type ClockStep, clockSteps } from './clock-steps.ts';

/** The clock of a data folder: it also remembers across restarts how far time was. */
export interface HeldClock extends Clock {
  /** Notes the present time in the folder. Does nothing where the folder cannot be written. */
  keep(): void;
  /** A step ahead that is still doubted: by such a clock no document's time is over. */
  doubted(): ClockStep | null;
}

/** The last millisecond of year 9999; what is beyond does not fit a timestamp, so no clock of ours wrote it. */
const LATEST = 253_402_300_799_999;

/**
 * A clock that never answers less than what was kept in `file`, so that a host whose clock was set back while nothing ran
 * brings no expired token back to life (spec 1, guarantee 10). A file that is missing or unreadable counts for nothing.
 */
export function heldClock(
  file: string,
  read: () => number = Date.now,
  elapsed?: SystemClockOptions['elapsed'],
): HeldClock {
  const kept = keptIn(file);
  const clock = systemClock(read, { floor: kept, ...(elapsed ? { elapsed } : {}) });
  const steps = clockSteps(`${file}-step`, kept, read, elapsed);
  return {
    ...clock,
    doubted: () => steps.doubted(),
    keep() {
      steps.look();
      try {
        writeFileSync(`${file}.new`, String(Math.max(clock.now(), keptIn(file))), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      } catch {
        // A full or read-only disk shows itself where it matters; the time kept before still holds.
      }
    },
  };
}

function keptIn(file: string): number {
  try {
    const text = readFileSync(file, 'utf8');
    return /^\d{1,15}$/.test(text) ? Math.min(Number(text), LATEST) : 0;
  } catch {
    return 0;
  }
}
