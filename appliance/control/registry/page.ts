import type { Registry } from './open.ts';

/** A page by number (`offset`) or, for long lists, behind the id of the last row seen (`after`). */
export interface Keyset {
  limit: number;
  offset?: number;
  after?: string;
}

/** A list: its rows of one tenant (`:tenant`), and where its total is kept. */
export interface List {
  table: string;
  id: string;
  columns?: string;
  where: string;
  /** Null for a list that is so short that it is counted. */
  totals: { table: 'list_totals' | 'hold_totals'; list: string } | null;
}

/**
 * One page of a tenant's rows, newest first, and how many there are, by the kept total where there is one.
 * The ids are UUID v7, so their order is that of time and an index over tenant and id finds a page in O(log rows + limit).
 */
export function readPage<Row>(
  registry: Registry,
  list: List,
  tenant: string,
  { limit, offset = 0, after }: Keyset,
): { rows: Row[]; total: number } {
  const behind = after === undefined ? '' : ` AND ${list.id} < :after`;
  return registry.read(() => ({
    rows: registry.all<Row>(
      `SELECT ${list.columns ?? '*'} FROM ${list.table} WHERE ${list.where}${behind} ORDER BY ${list.id} DESC LIMIT :limit OFFSET :offset`,
      { tenant, limit, offset: after === undefined ? offset : 0, ...(after === undefined ? {} : { after }) },
    ),
    total: totalOf(registry, list, tenant),
  }));
}

function totalOf(registry: Registry, { table, where, totals }: List, tenant: string): number {
  const row =
    totals === null
      ? registry.get<{ entries: number }>(`SELECT count(*) AS entries FROM ${table} WHERE ${where}`, { tenant })
      : registry.get<{ entries: number }>(`SELECT entries FROM ${totals.table} WHERE tenant_id = ? AND list = ?`, [
          tenant,
          totals.list,
        ]);
  return row?.entries ?? 0;
}
