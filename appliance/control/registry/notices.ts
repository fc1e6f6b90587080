import type { Registry } from './open.ts';
import { type Keyset, readPage } from './page.ts';

/** One row of `notices`. */
export interface NoticeRow {
  notice_id: string;
  tenant_id: string;
  kind: string;
  created_at: string;
  actor: string | null;
  role: string | null;
  reason: string | null;
  /** Until when it holds; of a grant that was closed, when that was. */
  until: string | null;
  grant_id: string | null;
  withdrawn_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

const UNREAD = 'acknowledged_at IS NULL AND withdrawn_at IS NULL';

/** Writes a notice down. Inside `registry.write`, with what it tells. */
export function insertNotice(registry: Registry, row: NoticeRow): void {
  registry.run(
    `INSERT INTO notices (notice_id, tenant_id, kind, created_at, actor, role, reason, until, grant_id, withdrawn_at,
       acknowledged_at, acknowledged_by) VALUES (:notice_id, :tenant_id, :kind, :created_at, :actor, :role, :reason,
       :until, :grant_id, :withdrawn_at, :acknowledged_at, :acknowledged_by)`,
    { ...row },
  );
}

/** Withdraws a tenant's notices of a kind. Inside `registry.write`. */
export function withdrawNotices(registry: Registry, tenant: string, kind: string, at: string): void {
  registry.run('UPDATE notices SET withdrawn_at = ? WHERE tenant_id = ? AND kind = ? AND withdrawn_at IS NULL', [
    at,
    tenant,
    kind,
  ]);
}

/** Notes in the notice of a grant that it ended earlier than was told. Inside `registry.write`. */
export function endNotice(registry: Registry, tenant: string, grantId: string, at: string): void {
  registry.run('UPDATE notices SET until = ? WHERE tenant_id = ? AND grant_id = ?', [at, tenant, grantId]);
}

/** A tenant's notice, or null. */
export function findNotice(registry: Registry, tenant: string, noticeId: string): NoticeRow | null {
  return (
    registry.get<NoticeRow>('SELECT * FROM notices WHERE notice_id = ? AND tenant_id = ?', [noticeId, tenant]) ?? null
  );
}

/** Notes who read a notice. Inside `registry.write`. False when somebody had. */
export function markAcknowledged(registry: Registry, noticeId: string, at: string, by: string): boolean {
  return (
    registry.run(
      `UPDATE notices SET acknowledged_at = ?, acknowledged_by = ? WHERE notice_id = ? AND acknowledged_at IS NULL`,
      [at, by, noticeId],
    ) === 1
  );
}

/** The newest notices that nobody has read and that still hold, at most `limit`, oldest of these first. */
export function unreadNotices(registry: Registry, tenant: string, limit: number): NoticeRow[] {
  return registry
    .all<NoticeRow>(`SELECT * FROM notices WHERE tenant_id = ? AND ${UNREAD} ORDER BY notice_id DESC LIMIT ?`, [
      tenant,
      limit,
    ])
    .reverse();
}

/** One page of a tenant's notices, newest first, and how many there are. O(log notices + limit). */
export function pageOfNotices(
  registry: Registry,
  tenant: string,
  page: Keyset & { unread?: boolean },
): { rows: NoticeRow[]; total: number } {
  const [list, table, where] = page.unread
    ? ['unread', 'notices INDEXED BY notices_unread', `tenant_id = :tenant AND ${UNREAD}`]
    : ['notices', 'notices', 'tenant_id = :tenant'];
  return readPage(registry, { table, where, id: 'notice_id', totals: { table: 'list_totals', list } }, tenant, page);
}
