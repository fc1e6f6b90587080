import { makingStep } from '../step.ts';

/** The tenant's age key pair and its first storage identity, under the root key. */
export const makeKeys = makingStep('keys');
