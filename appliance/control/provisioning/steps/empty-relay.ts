import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Step } from '../step.ts';

/** All events of the tenant are in its log: its database is not dropped before (spec 5). */
export const emptyRelay: Step = Object.freeze({
  name: 'relay',
  do: ({ relay, tenantId }) => relay(tenantId),
  verify: async ({ resources, tenantId }) => {
    const outbox = await resources.outbox(tenantId);
    const waiting = outbox === null ? [] : await outbox.pendingEvents(1);
    if (waiting.length > 0)
      throw new FrostbyteError('STORE_UNAVAILABLE', 'Events of the tenant still wait for its log.');
  },
  undo: async () => undefined,
} satisfies Step);
