import { makingStep } from '../step.ts';

/** The tenant's record database with its migrations. */
export const makeRecords = makingStep('records');
