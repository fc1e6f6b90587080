import type { ResealedObject } from '../../control/provisioning/port.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * Control seals a tenant's objects anew itself only while the tenant has no data plane that might delete them; one that is
 * to be started comes first, and the sealing goes on in it.
 */
export interface ResealingHere {
  run(tenantId: string, reseal: () => AsyncIterable<ResealedObject>): AsyncGenerator<ResealedObject>;
  /** Has a sealing that runs here end behind its present object; resolves when none runs. */
  giveWay(tenantId: string): Promise<void>;
}

export function resealingHere(): ResealingHere {
  const running = new Map<string, { isLast: boolean; over: PromiseWithResolvers<void> }>();
  return {
    async *run(tenantId, reseal) {
      const mine = { isLast: false, over: Promise.withResolvers<void>() };
      running.set(tenantId, mine);
      try {
        for await (const object of reseal()) {
          yield object;
          if (mine.isLast) {
            throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The tenant’s data plane is being started and goes on.', {
              retryAfter: 1,
            });
          }
        }
      } finally {
        running.delete(tenantId);
        mine.over.resolve();
      }
    },
    async giveWay(tenantId) {
      const one = running.get(tenantId);
      if (one === undefined) return;
      one.isLast = true;
      await one.over.promise;
    },
  };
}
