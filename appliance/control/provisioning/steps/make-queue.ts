import { makingStep } from '../step.ts';

/** The tenant's queue. */
export const makeQueue = makingStep('queue');
