import { setTimeout as wait } from 'node:timers/promises';
import type { IsolationTry } from '../api/plane/isolation-order.ts';

/** How a door answered: it let us in, or it refused us for who we are. */
export type Answer = 'allowed' | 'denied';

/** A server could not say whether it would have let us in: overloaded, broken, gone. */
export class Inconclusive extends Error {}

/** Waits before a door that said nothing is tried again, in milliseconds: a box that starts much at once is slow. */
const AGAIN_MS = Object.freeze([500, 2000]);
/** So many doors of one store that say nothing, and it is asked no more: what others found must come home in time. */
const MOST_SILENT = 2;

/** Collects what came of each try of one store. A door that says nothing is tried again; what it does say counts at once. */
export interface Tries {
  readonly found: IsolationTry[];
  /** The tenant's own door: true when it stands open, as it must. One that is shut may be late: it is tried again. */
  own(test: string, work: () => Promise<void>): Promise<boolean>;
  /**
   * The own door once more, when a store has been tried. Where it is shut by now, it may have been so all along: what that
   * store refused is SKIPPED then, since a dead store, and a credential that died, refuse everybody. What was ALLOWED stays.
   */
  stillOwn(work: () => Promise<void>): Promise<void>;
  /**
   * A foreign door. Where nothing was found out it is SKIPPED with the reason, and the report does not pass: no answer is
   * no refusal. Never throws: what other doors answered counts whatever this one does.
   */
  foreign(target: string, test: string, work: () => Promise<Answer>): Promise<void>;
}

export interface TriesOptions {
  againMs?: readonly number[];
  /** The moment by `performance.now()` from which no foreign door is tried any more; what is one’s own is still asked. */
  until?: number;
}

export function triesOf(store: string, tenantId: string, options: TriesOptions = {}): Tries {
  const { againMs = AGAIN_MS, until = Number.POSITIVE_INFINITY } = options;
  const found: IsolationTry[] = [];
  let silent = 0;
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (const pause of againMs) {
      try {
        return await work();
      } catch {
        await wait(pause);
      }
    }
    return work();
  };
  const unasked = (): string | null => {
    if (performance.now() >= until) return 'not asked: the check had no time left';
    return silent >= MOST_SILENT ? 'not asked: the store gives no answer' : null;
  };
  const own = async (test: string, work: () => Promise<void>): Promise<boolean> => {
    const isOpen = await patiently(work).then(
      () => true,
      () => false,
    );
    found.push({ store, test, target: tenantId, result: isOpen ? 'OK' : 'DENIED' });
    return isOpen;
  };
  return {
    found,
    own,
    async stillOwn(work) {
      if (await own('own access after all that', work)) return;
      for (const [at, { test, target, result }] of found.entries()) {
        if (target !== tenantId && result === 'DENIED')
          found[at] = {
            store,
            test,
            target,
            result: 'SKIPPED',
            reason: 'refused, and so was the own access afterwards',
          };
      }
    },
    async foreign(target, test, work) {
      const skip = (reason: string) => found.push({ store, test, target, result: 'SKIPPED', reason });
      const whyNot = unasked();
      if (whyNot !== null) {
        skip(whyNot);
        return;
      }
      try {
        const answer = await patiently(work);
        found.push({ store, test, target, result: answer === 'allowed' ? 'ALLOWED' : 'DENIED' });
      } catch (error) {
        silent += 1;
        skip(error instanceof Inconclusive ? error.message.slice(0, 500) : 'it failed in a way that says nothing');
      }
    },
  };
}
