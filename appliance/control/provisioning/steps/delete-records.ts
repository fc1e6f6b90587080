import { deletingStep } from '../step.ts';

/** The tenant's records, deleted and checked. */
export const deleteRecords = deletingStep('records');
