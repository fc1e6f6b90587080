import { setTimeout as wait } from 'node:timers/promises';

/** How a phase waits; tests say how time goes by. */
export interface Waiting {
  /** Seconds from any origin. */
  elapsed(): number;
  pause(seconds: number, signal: AbortSignal): Promise<void>;
}

const EVERY_SECONDS = 0.5;
const REAL: Waiting = {
  elapsed: () => performance.now() / 1000,
  pause: (seconds, signal) => wait(seconds * 1000, undefined, { signal }),
};

/** Asks until the answer is true; `late` is called, and throws, where it is not within the seconds. */
export async function patiently(
  ask: () => Promise<boolean>,
  {
    seconds,
    signal,
    elapsed = REAL.elapsed,
    pause = REAL.pause,
  }: { seconds: number; signal: AbortSignal } & Partial<Waiting>,
  late: () => never,
): Promise<void> {
  for (const began = elapsed(); !(await ask()); ) {
    signal.throwIfAborted();
    if (elapsed() - began >= seconds) late();
    await pause(EVERY_SECONDS, signal);
  }
}
