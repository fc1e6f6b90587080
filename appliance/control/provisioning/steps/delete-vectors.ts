import { deletingStep } from '../step.ts';

/** The tenant's vectors, deleted and checked. */
export const deleteVectors = deletingStep('vectors');
