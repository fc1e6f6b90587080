import { makingStep } from '../step.ts';

/** The tenant's vector index. */
export const makeVectors = makingStep('vectors');
