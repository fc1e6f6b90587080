import type { Clock } from '../../../kernel/clock.ts';
import type { SqliteConnection } from '../../sqlite/open.ts';

/** What every part of the adapter works on. */
export interface RecordContext {
  readonly db: SqliteConnection;
  readonly tenantId: string;
  readonly clock: Clock;
}
