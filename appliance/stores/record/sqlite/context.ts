import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { SqliteConnection } from '../../sqlite/open.ts';

/** What every part of the adapter works on. */
export interface RecordContext {
  readonly db: SqliteConnection;
  readonly tenantId: string;
  readonly clock: Clock;
}

/** Throws `ISOLATION_VIOLATED` unless the row belongs to this store's tenant. */
export function ownRow(context: RecordContext, tenantId: string): void {
  if (tenantId !== context.tenantId) {
    throw new FrostbyteError('ISOLATION_VIOLATED', 'A row of another tenant does not belong into this store.');
  }
}

/** A defect of the caller's code, not of its input: the transaction is rolled back. */
export function refused(message: string): FrostbyteError {
  return new FrostbyteError('INTERNAL_ERROR', message);
}
