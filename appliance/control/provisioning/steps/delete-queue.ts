import { deletingStep } from '../step.ts';

/** The tenant's queue, deleted and checked. */
export const deleteQueue = deletingStep('queue');
