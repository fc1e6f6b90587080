import { makingStepWhere } from '../step.ts';

/** What runs in the tenant’s network. */
export const makeContainers = makingStepWhere('containers');
