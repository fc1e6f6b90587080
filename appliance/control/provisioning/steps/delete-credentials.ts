import { deletingStep } from '../step.ts';

/** The tenant's credentials, deleted and checked. */
export const deleteCredentials = deletingStep('credentials');
