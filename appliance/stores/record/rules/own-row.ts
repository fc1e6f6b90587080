import { FrostbyteError } from '../../../kernel/errors.ts';

/** Throws `ISOLATION_VIOLATED` unless the row belongs to the store's tenant. */
export function ownRow(store: { readonly tenantId: string }, tenantId: string): void {
  if (tenantId !== store.tenantId) {
    throw new FrostbyteError('ISOLATION_VIOLATED', 'A row of another tenant does not belong into this store.');
  }
}

/** A defect of the caller's code, not of its input: the transaction is rolled back. */
export function refused(message: string): FrostbyteError {
  return new FrostbyteError('INTERNAL_ERROR', message);
}
