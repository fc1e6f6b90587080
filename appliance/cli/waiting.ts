import { setTimeout as sleep } from 'node:timers/promises';
import { isFrostbyteError } from '../kernel/errors.ts';

const FIRST_S = 0.1;
/** A minute has sixty to a hundred requests for everything, uploads included: waiting must not use them up. */
const LONGEST_S = 2;

export interface Waiting {
  /** Waits these seconds. */
  pause?: (seconds: number) => Promise<unknown>;
}

const pausing = (seconds: number): Promise<unknown> => sleep(seconds * 1000);

/** Calls until no limit of requests refuses it, each time after the wait that the refusal names. */
export async function withinLimits<T>(call: () => Promise<T>, { pause = pausing }: Waiting = {}): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isFrostbyteError(error, 'RATE_LIMIT_EXCEEDED')) throw error;
      await pause(error.retryAfter ?? 1);
    }
  }
}

export interface Asking<T> extends Waiting {
  /** What is known before the first question. */
  from?: T;
  /** How long it is asked; for ever unless given. */
  seconds?: number;
  /** Told each answer. */
  seen?: (answer: T) => void;
}

/**
 * Asks until an answer `isOver`, less and less often, within the limits of requests. Answers the last one: where the
 * seconds ran out, it is not over.
 */
export async function askUntil<T>(
  ask: () => Promise<T>,
  isOver: (answer: T) => boolean,
  { from, seconds = Number.POSITIVE_INFINITY, seen, pause = pausing }: Asking<T> = {},
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let answer = from ?? (await withinLimits(ask, { pause }));
  for (let wait = FIRST_S; ; wait = Math.min(LONGEST_S, wait * 1.5)) {
    seen?.(answer);
    if (isOver(answer) || Date.now() >= deadline) return answer;
    await pause(wait);
    answer = await withinLimits(ask, { pause });
  }
}
