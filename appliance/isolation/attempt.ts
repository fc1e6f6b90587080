import { setTimeout as wait } from 'node:timers/promises';
import type { IsolationTry } from '../api/plane/isolation-order.ts';
import { FrostbyteError } from '../kernel/errors.ts';

/** How a door answered: it let us in, or it refused us for who we are. */
export type Answer = 'allowed' | 'denied';

/** A server could not say whether it would have let us in: overloaded, broken, gone. */
export class Inconclusive extends Error {}

/** Waits before a door that said nothing is tried again, in milliseconds: a box that starts much at once is slow. */
const AGAIN_MS = Object.freeze([500, 2000]);

/** Collects what came of each try of one store. A door that says nothing is tried again; what it does say counts at once. */
export interface Tries {
  readonly found: IsolationTry[];
  /** The tenant's own door: true when it stands open, as it must. One that is shut may be late: it is tried again. */
  own(test: string, work: () => Promise<void>): Promise<boolean>;
  /** A foreign door. Throws `STORE_UNAVAILABLE` where nothing was found out: no answer is no refusal. */
  foreign(target: string, test: string, work: () => Promise<Answer>): Promise<void>;
}

export function triesOf(store: string, tenantId: string, againMs: readonly number[] = AGAIN_MS): Tries {
  const found: IsolationTry[] = [];
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
  return {
    found,
    async own(test, work) {
      const isOpen = await patiently(work).then(
        () => true,
        () => false,
      );
      found.push({ store, test, target: tenantId, result: isOpen ? 'OK' : 'DENIED' });
      return isOpen;
    },
    async foreign(target, test, work) {
      try {
        const answer = await patiently(work);
        found.push({ store, test, target, result: answer === 'allowed' ? 'ALLOWED' : 'DENIED' });
      } catch (cause) {
        const why = cause instanceof Inconclusive ? cause.message : 'it failed in a way that says nothing';
        throw new FrostbyteError(
          'STORE_UNAVAILABLE',
          `The isolation check could not find out about “${store}: ${test}” (${why}). Run it again.`,
          { cause },
        );
      }
    },
  };
}
