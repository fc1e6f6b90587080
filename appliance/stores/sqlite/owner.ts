import { FrostbyteError } from '../../kernel/errors.ts';
import type { SqliteConnection } from './open.ts';

/**
 * Binds a store's file to the tenant that opened it first, and throws `ISOLATION_VIOLATED` for any other: a path that
 * was built wrongly, or a file that was put into another tenant's folder, opens nothing. Needs the table `store_owner`.
 */
export function bindOwner(db: SqliteConnection, tenantId: string): void {
  const owner = () => db.get<{ tenant_id: string }>('SELECT tenant_id FROM store_owner');
  if (owner() === undefined && !db.raw.readonly) {
    db.write(() => db.run('INSERT INTO store_owner (one, tenant_id) VALUES (1, ?) ON CONFLICT DO NOTHING', [tenantId]));
  }
  if ((owner()?.tenant_id ?? tenantId) === tenantId) return;
  db.close();
  throw new FrostbyteError('ISOLATION_VIOLATED', 'The store belongs to another tenant.');
}
