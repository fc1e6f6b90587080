import { deletingStepWhere } from '../step.ts';

/** What runs in the tenant’s network, deleted and checked. */
export const deleteContainers = deletingStepWhere('containers');
