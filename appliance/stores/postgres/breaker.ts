import { FrostbyteError } from '../../kernel/errors.ts';

/** Failures in a row after which nobody is let through. */
const FAILURES = 5;
const FIRST_REST_MS = 500;
const LONGEST_REST_MS = 15_000;

/**
 * Keeps callers from waiting for a server that does not answer. After some failures in a row every call is refused at
 * once; after a rest, which grows from failure to failure and is never quite the same, one caller tries for all.
 */
export interface Breaker {
  /** Runs `attempt` unless at rest. `isFailure` says whether what it throws speaks against the server. */
  through<Result>(attempt: () => Promise<Result>, isFailure: (error: unknown) => boolean): Promise<Result>;
}

/** `now` in milliseconds; `random` in [0, 1). */
export function breaker(now: () => number = () => performance.now(), random: () => number = Math.random): Breaker {
  let failures = 0;
  let restsUntil = 0;
  let isTrying = false;

  return {
    async through(attempt, isFailure) {
      const isAtRest = failures >= FAILURES;
      if (isAtRest && (isTrying || now() < restsUntil)) {
        const seconds = Math.max(1, Math.ceil((restsUntil - now()) / 1000));
        throw new FrostbyteError('STORE_UNAVAILABLE', 'The database does not answer.', { retryAfter: seconds });
      }
      isTrying = isAtRest;
      try {
        const result = await attempt();
        failures = 0;
        return result;
      } catch (error) {
        if (isFailure(error)) {
          failures += 1;
          const rest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.max(0, failures - FAILURES));
          restsUntil = now() + rest * (0.75 + random() / 2);
        } else failures = 0;
        throw error;
      } finally {
        if (isAtRest) isTrying = false;
      }
    },
  };
}
