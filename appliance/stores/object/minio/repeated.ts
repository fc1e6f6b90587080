import { retry } from '../../../kernel/retry.ts';
import { isPassing, storeError } from './refusal.ts';

const RETRIES = { attempts: 4, firstWaitMs: 100, longestWaitMs: 2000, worthIt: isPassing };

/** A call that may be repeated, and is as long as that may help. Throws the stores' errors only. */
export async function repeated<T>(call: (attempt: number) => Promise<T>): Promise<T> {
  try {
    return await retry(call, RETRIES);
  } catch (error) {
    throw storeError(error);
  }
}
