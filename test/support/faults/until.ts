import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks again until the answer is neither false, null nor undefined, and gives it back. Throws once `seconds` are over,
 * naming what it waited for and, where `about` is given, what it says by then.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  options: { seconds?: number; everyMs?: number; about?: () => string } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { seconds = 60, everyMs = 25, about } = options;
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined) return answer as never;
    if (performance.now() > deadline)
      throw new Error(`${seconds} s went by without ${what}${about ? `: ${about()}` : ''}`);
    await wait(everyMs);
  }
}
