import { prefixedSha256 } from '../../kernel/digest.ts';
import type { KeyKind } from '../keys/types.ts';
import type { EscrowFile, TenantKey } from '../provisioning/port.ts';
import type { Registry } from './open.ts';

/** Keys are rotated after 90 days, and archived ones are kept as long (spec 3). */
export const KEY_DAYS_MS = 90 * 86_400_000;

export interface KeyRow {
  key_version: number;
  public_key_hash: string;
  created_at: string;
  archived_at: string | null;
  purged_at: string | null;
  rotation_reason: string;
}

export interface StorageKeyRow extends Omit<KeyRow, 'key_version' | 'rotation_reason'> {
  storage_version: number;
}

export interface RotationRow {
  tenant_id: string;
  actor: string;
  reason: string;
  emergency: 0 | 1;
  key_version: number;
  storage_version: number;
  started_at: string;
  retry_at: string | null;
  error_code: string | null;
}

/**
 * Makes the registry say what the tenant's keys are: the current identity is ACTIVE and any other archived, and so with
 * storage identities. Inside `registry.write`. What it says already stays as it was said.
 */
export function noteKeys(registry: Registry, tenantId: string, key: TenantKey, at: number, reason: string): void {
  const now = new Date(at).toISOString();
  const row = { tenant: tenantId, version: key.key_version, hash: prefixedSha256(key.age_public_key), at: now };
  registry.run(
    `UPDATE tenant_key_history SET archived_at = :at
     WHERE tenant_id = :tenant AND public_key_hash <> :hash AND archived_at IS NULL AND purged_at IS NULL`,
    { tenant: row.tenant, hash: row.hash, at: row.at },
  );
  registry.run(
    `INSERT INTO tenant_key_history (tenant_id, key_version, public_key_hash, created_at, rotation_reason)
     VALUES (:tenant, :version, :hash, :at, :reason) ON CONFLICT DO NOTHING`,
    { ...row, reason },
  );
  registry.run(
    `UPDATE tenants SET age_public_key = :key, key_version = :version, key_rotated_at = :at, key_rotation_due_at = :due
     WHERE tenant_id = :tenant AND age_public_key IS NOT :key`,
    {
      tenant: tenantId,
      key: key.age_public_key,
      version: key.key_version,
      at: now,
      due: new Date(at + KEY_DAYS_MS).toISOString(),
    },
  );
  noteStorageKeys(registry, tenantId, key.storage, now);
}

function noteStorageKeys(registry: Registry, tenantId: string, storage: TenantKey['storage'], at: string): void {
  const [newest] = storage;
  for (const { storage_version, age_public_key } of storage) {
    registry.run(
      `INSERT INTO tenant_storage_keys (tenant_id, storage_version, public_key_hash, created_at)
       VALUES (:tenant, :version, :hash, :at)
       ON CONFLICT DO UPDATE SET public_key_hash = excluded.public_key_hash,
         created_at = CASE WHEN purged_at IS NULL THEN created_at ELSE excluded.created_at END,
         archived_at = CASE WHEN purged_at IS NULL THEN archived_at END, purged_at = NULL`,
      { tenant: tenantId, version: storage_version, hash: prefixedSha256(age_public_key), at },
    );
  }
  if (newest === undefined) return;
  registry.run(
    `UPDATE tenant_storage_keys SET archived_at = :at
     WHERE tenant_id = :tenant AND storage_version < :newest AND archived_at IS NULL AND purged_at IS NULL`,
    { tenant: tenantId, newest: newest.storage_version, at },
  );
}

/** All of a tenant's keys are gone. Inside `registry.write`. */
export function noteKeysGone(registry: Registry, tenantId: string, at: string): void {
  registry.run(
    `UPDATE tenants SET age_public_key = NULL, key_version = NULL, key_rotated_at = NULL, key_rotation_due_at = NULL
     WHERE tenant_id = ?`,
    [tenantId],
  );
  for (const table of ['tenant_key_history', 'tenant_storage_keys']) {
    registry.run(`UPDATE ${table} SET purged_at = ? WHERE tenant_id = ? AND purged_at IS NULL`, [at, tenantId]);
  }
  for (const table of ['key_rotations', 'reencryptions', 'tenant_escrows']) {
    registry.run(`DELETE FROM ${table} WHERE tenant_id = ?`, [tenantId]);
  }
}

/** Identities of a tenant, newest first. */
export function keyHistory(registry: Registry, tenantId: string): KeyRow[] {
  return registry.all<KeyRow>(
    `SELECT key_version, public_key_hash, created_at, archived_at, purged_at, rotation_reason
     FROM tenant_key_history WHERE tenant_id = ? ORDER BY id DESC`,
    [tenantId],
  );
}

/** Storage identities of a tenant, newest first. */
export function storageKeys(registry: Registry, tenantId: string): StorageKeyRow[] {
  return registry.all<StorageKeyRow>(
    `SELECT storage_version, public_key_hash, created_at, archived_at, purged_at
     FROM tenant_storage_keys WHERE tenant_id = ? ORDER BY storage_version DESC`,
    [tenantId],
  );
}

/** A rotation that has begun, or null. */
export function findRotation(registry: Registry, tenantId: string): RotationRow | null {
  return registry.get<RotationRow>('SELECT * FROM key_rotations WHERE tenant_id = ?', [tenantId]) ?? null;
}

/** Notes that a rotation begins. Inside `registry.write`. */
export function insertRotation(registry: Registry, row: Omit<RotationRow, 'retry_at' | 'error_code'>): void {
  registry.run(
    `INSERT INTO key_rotations (tenant_id, actor, reason, emergency, key_version, storage_version, started_at)
     VALUES (:tenant_id, :actor, :reason, :emergency, :key_version, :storage_version, :started_at)`,
    { ...row },
  );
}

/** Forgets a rotation, with what it led to. Inside `registry.write`. */
export function endRotation(registry: Registry, tenantId: string): void {
  registry.run('DELETE FROM key_rotations WHERE tenant_id = ?', [tenantId]);
}

/** Notes why a rotation did not end and when it is tried again. */
export function postponeRotation(registry: Registry, tenantId: string, code: string, retryAt: string): void {
  registry.write(() =>
    registry.run('UPDATE key_rotations SET error_code = ?, retry_at = ? WHERE tenant_id = ?', [
      code,
      retryAt,
      tenantId,
    ]),
  );
}

/** Notes that an archived key is destroyed. Inside `registry.write`. */
export function notePurged(registry: Registry, tenantId: string, kind: KeyKind, version: number, at: string): void {
  const [table, column] =
    kind === 'identity' ? ['tenant_key_history', 'key_version'] : ['tenant_storage_keys', 'storage_version'];
  registry.run(`UPDATE ${table} SET purged_at = ? WHERE tenant_id = ? AND ${column} = ? AND purged_at IS NULL`, [
    at,
    tenantId,
    version,
  ]);
}

/** The escrow file of a tenant, or null. */
export function findEscrow(registry: Registry, tenantId: string): (EscrowFile & { written_at: string }) | null {
  return (
    registry.get<EscrowFile & { written_at: string }>(
      'SELECT recipient, file_sha256, keys_hash, written_at FROM tenant_escrows WHERE tenant_id = ?',
      [tenantId],
    ) ?? null
  );
}

/** Notes the escrow file that was written; null where there is none. Inside `registry.write`. */
export function noteEscrow(registry: Registry, tenantId: string, escrow: EscrowFile | null, at: string): void {
  if (escrow === null) {
    registry.run('DELETE FROM tenant_escrows WHERE tenant_id = ?', [tenantId]);
    return;
  }
  registry.run(
    `INSERT INTO tenant_escrows (tenant_id, recipient, file_sha256, keys_hash, written_at)
     VALUES (:tenant, :recipient, :file_sha256, :keys_hash, :at) ON CONFLICT DO UPDATE SET recipient = excluded.recipient,
       file_sha256 = excluded.file_sha256, keys_hash = excluded.keys_hash, written_at = excluded.written_at`,
    { tenant: tenantId, ...escrow, at },
  );
}
