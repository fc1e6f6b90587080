import { FrostbyteError } from '../../kernel/errors.ts';
import type { PostgresConnection, Turn } from './connection.ts';

/**
 * Binds a database to the tenant that opened it first, and throws `ISOLATION_VIOLATED` for any other: credentials that
 * were mixed up open nothing. Needs the table `store_owner`.
 */
export async function bindOwner(db: PostgresConnection, turn: Turn, tenantId: string): Promise<void> {
  const owner = () => db.get<{ tenant_id: string }>('SELECT tenant_id FROM store_owner');
  if ((await owner()) === undefined) {
    await db.write(turn, (tx) =>
      tx.run('INSERT INTO store_owner (one, tenant_id) VALUES (1, ?) ON CONFLICT DO NOTHING', [tenantId]),
    );
  }
  if ((await owner())?.tenant_id === tenantId) return;
  throw new FrostbyteError('ISOLATION_VIOLATED', 'The store belongs to another tenant.');
}
