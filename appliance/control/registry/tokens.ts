import { APPLIANCE_LOG } from '../../kernel/audit-event.ts';
import { withdrawCodes } from './one-time-codes.ts';
import type { Registry } from './open.ts';
import type { TokenRow } from './rows.ts';

/** The epoch that live tokens of a tenant (or of the appliance, for null) must have. */
export function tokenEpoch(registry: Registry, tenantId: string | null): number {
  const row = registry.get<{ epoch: number }>('SELECT epoch FROM token_epochs WHERE scope = ?', [
    tenantId ?? APPLIANCE_LOG,
  ]);
  return row?.epoch ?? 0;
}

/** True while a token is in the registry, is not revoked and belongs to the current epoch. Two keyed reads. */
export function isLive(registry: Registry, jti: string): boolean {
  const row = registry.get<{ live: number }>(
    `SELECT revoked_at IS NULL AND epoch = coalesce(
       (SELECT e.epoch FROM token_epochs e WHERE e.scope = coalesce(t.tenant_id, '${APPLIANCE_LOG}')), 0) AS live
     FROM tokens t WHERE jti = ?`,
    [jti],
  );
  // A token this registry does not know was issued after the state it was restored to: nobody can say it is not revoked.
  return row?.live === 1;
}

/** Writes down an issued token. Inside `registry.write`. */
export function insertToken(registry: Registry, row: Omit<TokenRow, 'revoked_at'>): void {
  registry.run(
    `INSERT INTO tokens (jti, kid, subject, role, scopes, tenant_id, epoch, issued_at, expires_at)
     VALUES (:jti, :kid, :subject, :role, :scopes, :tenant_id, :epoch, :issued_at, :expires_at)`,
    { ...row },
  );
}

export interface WhichTokens {
  jti?: string;
  subject?: string;
  tenant_id?: string;
}

/** Live tokens that match all of what is given. */
export function liveTokens(registry: Registry, which: WhichTokens, nowSeconds: number): TokenRow[] {
  const where: string[] = [];
  const values: (string | number)[] = [];
  for (const column of ['jti', 'subject', 'tenant_id'] as const) {
    const value = which[column];
    if (value === undefined) continue;
    where.push(`${column} = ?`);
    values.push(value);
  }
  if (where.length === 0) return [];
  const rows = registry.all<TokenRow>(
    `SELECT * FROM tokens WHERE ${where.join(' AND ')} AND revoked_at IS NULL AND expires_at > ? ORDER BY jti`,
    [...values, nowSeconds],
  );
  return rows.filter((row) => row.epoch === tokenEpoch(registry, row.tenant_id));
}

/** How many tokens live, by role; roles without any are not named. */
export function liveTokensByRole(registry: Registry, nowSeconds: number): Partial<Record<TokenRow['role'], number>> {
  const rows = registry.all<{ role: TokenRow['role']; n: number }>(
    `SELECT role, count(*) AS n FROM tokens t WHERE revoked_at IS NULL AND expires_at > ? AND epoch = coalesce(
       (SELECT e.epoch FROM token_epochs e WHERE e.scope = coalesce(t.tenant_id, '${APPLIANCE_LOG}')), 0)
     GROUP BY role`,
    [nowSeconds],
  );
  return Object.fromEntries(rows.map(({ role, n }) => [role, n]));
}

/** Revokes one token for good. Inside `registry.write`. */
export function revokeToken(registry: Registry, jti: string, at: string): void {
  registry.run('UPDATE tokens SET revoked_at = ? WHERE jti = ? AND revoked_at IS NULL', [at, jti]);
}

/**
 * Ends every token of a tenant by moving its epoch on, and marks the live ones as revoked. Returns how many were live.
 * Inside `registry.write`. O(live tokens of the tenant).
 */
export function endEpoch(registry: Registry, tenantId: string, at: string, nowSeconds: number): number {
  const live = liveTokens(registry, { tenant_id: tenantId }, nowSeconds);
  for (const { jti } of live) revokeToken(registry, jti, at);
  withdrawCodes(registry, { tenant_id: tenantId });
  registry.run(
    'INSERT INTO token_epochs (scope, epoch) VALUES (?, 1) ON CONFLICT (scope) DO UPDATE SET epoch = epoch + 1',
    [tenantId],
  );
  return live.length;
}

/** Forgets tokens that expired before `seconds`: their signatures are refused by time alone. Returns how many. */
export function forgetExpired(registry: Registry, seconds: number): number {
  return registry.run('DELETE FROM tokens WHERE expires_at < ?', [seconds]);
}

/** The latest expiry of a token that a key signed, or null when none is left. */
export function lastExpiryOf(registry: Registry, kid: string): number | null {
  const row = registry.get<{ last: number | null }>('SELECT max(expires_at) AS last FROM tokens WHERE kid = ?', [kid]);
  return row?.last ?? null;
}
