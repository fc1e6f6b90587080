import { deletingStepWhere } from '../step.ts';

/** The tenant’s own network, deleted and checked. */
export const deleteNetwork = deletingStepWhere('network');
