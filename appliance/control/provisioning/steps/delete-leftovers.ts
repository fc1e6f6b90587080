import { deletingStep, type Step } from '../step.ts';

const deletions = (['vectors', 'records', 'objects', 'queue'] as const).map(deletingStep);

/**
 * What a straggler may have opened anew between the deletion of a store and that of the keys. Now nobody can: without
 * keys no data plane opens.
 */
export const deleteLeftovers: Step = Object.freeze({
  name: 'leftovers',
  do: async (context) => {
    for (const deletion of deletions) await deletion.do(context);
  },
  verify: async (context) => {
    for (const deletion of deletions) await deletion.verify(context);
  },
  undo: async () => undefined,
} satisfies Step);
