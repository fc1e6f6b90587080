import type { Registry } from './open.ts';

/** A page by number (`offset`) or, for long lists, behind the id of the last row seen (`after`). */
export interface Keyset {
  limit: number;
  offset?: number;
  after?: string;
}

/**
 * One page of a tenant's rows, newest first, and how many there are: by the kept total, or counted from the list's index.
 * The ids are UUID v7, so their order is that of time and an index over tenant and id finds a page in O(log rows + limit).
 */
export function readPage<Row>(
  registry: Registry,
  list: { table: string; id: string; columns?: string; where: string; total?: 'grants' | 'notices' | 'unread' },
  tenant: string,
  { limit, offset = 0, after }: Keyset,
): { rows: Row[]; total: number } {
  const behind = after === undefined ? '' : ` AND ${list.id} < :after`;
  return registry.read(() => ({
    rows: registry.all<Row>(
      `SELECT ${list.columns ?? '*'} FROM ${list.table} WHERE ${list.where}${behind} ORDER BY ${list.id} DESC LIMIT :limit OFFSET :offset`,
      { tenant, limit, offset: after === undefined ? offset : 0, ...(after === undefined ? {} : { after }) },
    ),
    total: list.total === undefined ? counted(registry, list, tenant) : kept(registry, list.total, tenant),
  }));
}

function kept(registry: Registry, list: string, tenant: string): number {
  const sql = 'SELECT entries FROM list_totals WHERE tenant_id = ? AND list = ?';
  return registry.get<{ entries: number }>(sql, [tenant, list])?.entries ?? 0;
}

function counted(registry: Registry, { table, where }: { table: string; where: string }, tenant: string): number {
  return registry.get<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`, { tenant })?.n ?? 0;
}
