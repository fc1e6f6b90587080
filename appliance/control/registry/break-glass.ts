import type { Registry } from './open.ts';
import { type Keyset, readPage } from './page.ts';

/** One row of `break_glass_grants`. */
export interface GrantRow {
  grant_id: string;
  tenant_id: string;
  subject: string;
  role: string;
  reason: string;
  opened_at: string;
  expires_at: string;
  closed_at: string | null;
  closed_by: string | null;
}

const LIVE = `SELECT * FROM break_glass_grants
  WHERE tenant_id = :tenant AND subject = :subject AND closed_at IS NULL AND expires_at > :now
    AND opened_at <= :now AND (:reason IS NULL OR reason = :reason)
  ORDER BY expires_at DESC LIMIT 1`;

/**
 * A subject's grant for a tenant that holds longest from `now`, of this reason where one is named; or null. One that
 * seems to be opened later than now is none: a clock that cannot be right gives no time away.
 */
export function liveGrant(
  registry: Registry,
  which: { tenant: string; subject: string; now: string; reason?: string },
): GrantRow | null {
  return registry.get<GrantRow>(LIVE, { ...which, reason: which.reason ?? null }) ?? null;
}

/** A subject's last grant for a tenant, whatever became of it, or null. */
export function lastGrant(registry: Registry, tenant: string, subject: string): GrantRow | null {
  return (
    registry.get<GrantRow>(
      'SELECT * FROM break_glass_grants WHERE tenant_id = ? AND subject = ? ORDER BY grant_id DESC LIMIT 1',
      [tenant, subject],
    ) ?? null
  );
}

/** A tenant's grant, or null. */
export function findGrant(registry: Registry, tenant: string, grantId: string): GrantRow | null {
  return (
    registry.get<GrantRow>('SELECT * FROM break_glass_grants WHERE grant_id = ? AND tenant_id = ?', [
      grantId,
      tenant,
    ]) ?? null
  );
}

/** Writes a grant down. Inside `registry.write`. */
export function insertGrant(registry: Registry, row: GrantRow): void {
  registry.run(
    `INSERT INTO break_glass_grants (grant_id, tenant_id, subject, role, reason, opened_at, expires_at, closed_at,
       closed_by) VALUES (:grant_id, :tenant_id, :subject, :role, :reason, :opened_at, :expires_at, :closed_at,
       :closed_by)`,
    { ...row },
  );
}

/** Ends a live grant for good. Inside `registry.write`. False when it was over. */
export function endGrant(registry: Registry, grantId: string, now: string, by: string): boolean {
  return (
    registry.run(
      `UPDATE break_glass_grants SET closed_at = :now, closed_by = :by
       WHERE grant_id = :id AND closed_at IS NULL AND expires_at > :now`,
      { id: grantId, now, by },
    ) === 1
  );
}

/** Notes those of a subject that are over, so that no clock that is set back brings one to life again. */
export function noteExpired(registry: Registry, tenant: string, subject: string, now: string): void {
  registry.run(
    `UPDATE break_glass_grants SET closed_at = expires_at
     WHERE tenant_id = ? AND subject = ? AND closed_at IS NULL AND expires_at <= ?`,
    [tenant, subject, now],
  );
}

/** A tenant's grants that are live at `now`. */
export function liveGrants(registry: Registry, tenant: string, now: string): GrantRow[] {
  return registry.all<GrantRow>(
    `SELECT * FROM break_glass_grants WHERE tenant_id = ? AND closed_at IS NULL AND expires_at > ? ORDER BY grant_id`,
    [tenant, now],
  );
}

/** One page of a tenant's grants, newest first, and how many there are. O(log grants + limit). */
export function pageOfGrants(registry: Registry, tenant: string, page: Keyset): { rows: GrantRow[]; total: number } {
  return readPage(
    registry,
    {
      table: 'break_glass_grants',
      id: 'grant_id',
      where: 'tenant_id = :tenant',
      totals: { table: 'list_totals', list: 'grants' },
    },
    tenant,
    page,
  );
}
