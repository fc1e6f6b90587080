import { makingStep } from '../step.ts';

/** The tenant's credentials: random, 256 bits, in its secrets folder. */
export const makeCredentials = makingStep('credentials');
