import { makingStep } from '../step.ts';

/** The tenant's object store. */
export const makeObjects = makingStep('objects');
