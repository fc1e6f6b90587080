import { deletingStep, type Step } from '../step.ts';
import { register } from './register.ts';

const deletion = deletingStep('keys');

/**
 * Crypto-shredding: the tenant's identities are destroyed, and with them every copy of its objects and secrets becomes
 * unreadable. The key history says when.
 */
export const destroyKeys: Step = Object.freeze({
  name: 'keys',
  do: async (context) => {
    await deletion.do(context);
    await register.undo(context);
  },
  verify: deletion.verify,
  undo: deletion.undo,
} satisfies Step);
