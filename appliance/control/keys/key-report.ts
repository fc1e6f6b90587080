import { findEscrow, findRotation, KEY_DAYS_MS, keyHistory, storageKeys } from '../registry/keys.ts';
import type { Registry } from '../registry/open.ts';
import { copiesOutside } from '../registry/outside-copies.ts';
import { findReencryption } from '../registry/reencryptions.ts';
import { needTenant } from '../registry/tenants.ts';
import { reencryptionView } from './reencrypt.ts';
import type { KeyStatus, TenantKeyReport } from './types.ts';

/** All that is known of a tenant's keys, also after its end. Throws `RESOURCE_NOT_FOUND`. */
export function keyReport(registry: Registry, tenantId: string): TenantKeyReport {
  return registry.read(() => {
    const tenant = needTenant(registry, tenantId);
    const rotation = findRotation(registry, tenantId);
    const moved = findReencryption(registry, tenantId);
    const escrow = findEscrow(registry, tenantId);
    return {
      tenant_id: tenantId,
      key_version: tenant.key_version,
      key_rotated_at: tenant.key_rotated_at,
      key_rotation_due_at: tenant.key_rotation_due_at,
      rotation: rotation && {
        key_version: rotation.key_version,
        emergency: rotation.emergency === 1,
        started_at: rotation.started_at,
        error_code: rotation.error_code,
      },
      identities: keyHistory(registry, tenantId).map((row) => ({ ...row, ...standing(row) })),
      storage: storageKeys(registry, tenantId).map((row) => ({ ...row, ...standing(row) })),
      reencryption: moved && reencryptionView(moved),
      escrow: escrow && {
        recipient: escrow.recipient,
        file_sha256: escrow.file_sha256,
        written_at: escrow.written_at,
      },
      outside_copies: copiesOutside(registry, tenantId),
    };
  });
}

function standing({ archived_at, purged_at }: { archived_at: string | null; purged_at: string | null }): {
  status: KeyStatus;
  purge_due_at: string | null;
} {
  if (purged_at !== null) return { status: 'PURGED', purge_due_at: null };
  if (archived_at === null) return { status: 'ACTIVE', purge_due_at: null };
  return { status: 'ARCHIVED', purge_due_at: new Date(Date.parse(archived_at) + KEY_DAYS_MS).toISOString() };
}
