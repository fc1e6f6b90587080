import { deletingStep } from '../step.ts';

/** The tenant's objects, deleted and checked. */
export const deleteObjects = deletingStep('objects');
