import type { Step } from '../step.ts';

/** Every resource answers while all the others are there: a canary is written, read and deleted in each store. */
export const checkHealth: Step = Object.freeze({
  name: 'health',
  do: async ({ resources, tenantId }) => {
    for (const name of ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'] as const) {
      await resources[name].check(tenantId);
    }
    await resources.containers?.check(tenantId);
  },
  verify: async () => undefined,
  undo: async () => undefined,
} satisfies Step);
