import { prefixedSha256 } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { needTenant } from '../../registry/tenants.ts';
import type { Step } from '../step.ts';

/** Keys are due for rotation after 90 days (spec 3). */
const ROTATION_DAYS = 90;
const DAY_MS = 86_400_000;

/** The registry learns the tenant's public key, and its key history begins. */
export const register: Step = Object.freeze({
  name: 'registry',
  do: async ({ registry, clock, resources, tenantId }) => {
    const key = await resources.keys.current(tenantId);
    registry.write(() => {
      const now = clock.now();
      const at = new Date(now).toISOString();
      registry.run(
        `UPDATE tenants SET age_public_key = ?, key_version = ?, key_rotated_at = ?, key_rotation_due_at = ?
         WHERE tenant_id = ?`,
        [key.age_public_key, key.key_version, at, new Date(now + ROTATION_DAYS * DAY_MS).toISOString(), tenantId],
      );
      registry.run(
        `INSERT INTO tenant_key_history (tenant_id, key_version, public_key_hash, created_at, rotation_reason)
         SELECT :tenant, :version, :hash, :at, 'provisioning' WHERE NOT EXISTS
           (SELECT 1 FROM tenant_key_history WHERE tenant_id = :tenant AND public_key_hash = :hash)`,
        { tenant: tenantId, version: key.key_version, hash: prefixedSha256(key.age_public_key), at },
      );
    });
  },
  verify: async ({ registry, resources, tenantId }) => {
    const key = await resources.keys.current(tenantId);
    if (needTenant(registry, tenantId).age_public_key === key.age_public_key) return;
    throw new FrostbyteError('STORE_CORRUPTED', 'The registry does not hold the public key of the tenant.');
  },
  undo: async ({ registry, clock, tenantId }) => {
    registry.write(() => {
      registry.run(
        `UPDATE tenants SET age_public_key = NULL, key_version = NULL, key_rotated_at = NULL, key_rotation_due_at = NULL
         WHERE tenant_id = ?`,
        [tenantId],
      );
      registry.run('UPDATE tenant_key_history SET purged_at = ? WHERE tenant_id = ? AND purged_at IS NULL', [
        clock.iso(),
        tenantId,
      ]);
    });
  },
} satisfies Step);
