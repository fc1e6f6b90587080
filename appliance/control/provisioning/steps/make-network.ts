import { makingStepWhere } from '../step.ts';

/** The tenant’s own network. */
export const makeNetwork = makingStepWhere('network');
