import { setTimeout as wait } from 'node:timers/promises';

export interface RetryOptions {
  /** How often the work is tried at most, the first time counted. */
  attempts: number;
  /** The longest wait after the first failure, in milliseconds; doubled after each further one. */
  firstWaitMs: number;
  /** The longest wait of all, in milliseconds. */
  longestWaitMs: number;
  /** Whether trying again may help. Only for failures that left nothing behind, or of work that may be done twice. */
  worthIt: (error: unknown) => boolean;
  /** Ends the waiting: the error at hand is thrown. */
  signal?: AbortSignal;
  /** 0 to below 1; tests pass their own. */
  random?: () => number;
}

/**
 * Does work that may be repeated until it succeeds, and throws its last error otherwise. Waits a random share of a bound
 * that doubles ("full jitter"), so that callers which failed together do not come back together.
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, worthIt, signal, random = Math.random } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || !worthIt(error) || signal?.aborted) throw error;
      try {
        await wait(random() * longestWait(attempt, options), undefined, signal === undefined ? {} : { signal });
      } catch {
        throw error;
      }
    }
  }
}

/** The bound of the wait after a failed attempt (counted from 1), in milliseconds. */
export function longestWait(
  attempt: number,
  { firstWaitMs, longestWaitMs }: Pick<RetryOptions, 'firstWaitMs' | 'longestWaitMs'>,
): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1));
}
