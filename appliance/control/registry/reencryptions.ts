import type { Registry } from './open.ts';

/** One row of `reencryptions`. */
export interface ReencryptionRow {
  tenant_id: string;
  actor: string;
  reason: string;
  storage_version: number;
  started_at: string;
  after_key: string | null;
  examined: number;
  moved: number;
  moved_bytes: number;
  failed: number;
  completed_at: string | null;
  retry_at: string | null;
  error_code: string | null;
}

/** The latest walk over a tenant's objects, or null. */
export function findReencryption(registry: Registry, tenantId: string): ReencryptionRow | null {
  return registry.get<ReencryptionRow>('SELECT * FROM reencryptions WHERE tenant_id = ?', [tenantId]) ?? null;
}

/** Begins a walk from the first object, in place of an earlier one. Inside `registry.write`. */
export function insertReencryption(
  registry: Registry,
  row: Pick<ReencryptionRow, 'tenant_id' | 'actor' | 'reason' | 'storage_version' | 'started_at'>,
): void {
  registry.run('DELETE FROM reencryptions WHERE tenant_id = ?', [row.tenant_id]);
  registry.run(
    `INSERT INTO reencryptions (tenant_id, actor, reason, storage_version, started_at)
     VALUES (:tenant_id, :actor, :reason, :storage_version, :started_at)`,
    { ...row },
  );
}

export type Progress = Pick<ReencryptionRow, 'after_key' | 'examined' | 'moved' | 'moved_bytes' | 'failed'>;

/** Notes how far a walk is. */
export function noteProgress(registry: Registry, tenantId: string, progress: Progress): void {
  registry.run(
    `UPDATE reencryptions SET after_key = :after_key, examined = :examined, moved = :moved, moved_bytes = :moved_bytes,
       failed = :failed, error_code = NULL, retry_at = NULL WHERE tenant_id = :tenant`,
    { tenant: tenantId, ...progress },
  );
}

/** Notes that a walk came to its end. Inside `registry.write`. */
export function completeReencryption(registry: Registry, tenantId: string, at: string): void {
  registry.run('UPDATE reencryptions SET completed_at = ? WHERE tenant_id = ?', [at, tenantId]);
}

/** Notes why a walk stopped and when it goes on. */
export function postponeReencryption(registry: Registry, tenantId: string, code: string, retryAt: string): void {
  registry.write(() =>
    registry.run('UPDATE reencryptions SET error_code = ?, retry_at = ? WHERE tenant_id = ?', [
      code,
      retryAt,
      tenantId,
    ]),
  );
}
