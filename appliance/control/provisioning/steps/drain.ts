import type { Step } from '../step.ts';

/** Work in flight ends, stores are closed, no worker is left. */
export const drain: Step = Object.freeze({
  name: 'drain',
  do: ({ resources, tenantId, drainMs }) => resources.stop(tenantId, drainMs),
  verify: async () => undefined,
  undo: async () => undefined,
} satisfies Step);
