import type { IsolationTry } from '../api/plane/isolation-order.ts';
import { FrostbyteError } from '../kernel/errors.ts';

/** How a door answered: it let us in, or it refused us for who we are. */
export type Answer = 'allowed' | 'denied';

/** A server could not say whether it would have let us in: overloaded, broken, gone. */
export class Inconclusive extends Error {}

/** Collects what came of each try of one store. */
export interface Tries {
  readonly found: IsolationTry[];
  /** The tenant's own door: true when it stands open, as it must. */
  own(test: string, work: () => Promise<void>): Promise<boolean>;
  /** A foreign door. Throws `STORE_UNAVAILABLE` where nothing was found out: no answer is no refusal. */
  foreign(target: string, test: string, work: () => Promise<Answer>): Promise<void>;
}

export function triesOf(store: string, tenantId: string): Tries {
  const found: IsolationTry[] = [];
  return {
    found,
    async own(test, work) {
      const isOpen = await work().then(
        () => true,
        () => false,
      );
      found.push({ store, test, target: tenantId, result: isOpen ? 'OK' : 'DENIED' });
      return isOpen;
    },
    async foreign(target, test, work) {
      try {
        const answer = await work();
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
