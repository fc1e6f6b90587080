import type { CustomFields } from '../../api/custom-fields/schema.ts';
import { DEFAULT_TENANT_CONFIG, type TenantConfig } from '../../api/tenant-config.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { TenantState } from '../../kernel/identity.ts';
import type { Registry } from './open.ts';
import type { TenantRow } from './rows.ts';

/** A tenant's row, or null. */
export function findTenant(registry: Registry, tenantId: string): TenantRow | null {
  return registry.get<TenantRow>('SELECT * FROM tenants WHERE tenant_id = ?', [tenantId]) ?? null;
}

/** A tenant's row. Throws `RESOURCE_NOT_FOUND`. */
export function needTenant(registry: Registry, tenantId: string): TenantRow {
  const row = findTenant(registry, tenantId);
  if (row) return row;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
}

/** Tenants by id, optionally of some states. O(tenants of those states). */
export function tenantsIn(registry: Registry, states: readonly TenantState[]): TenantRow[] {
  return registry.all<TenantRow>(
    'SELECT * FROM tenants WHERE state IN (SELECT value FROM json_each(?)) ORDER BY tenant_id',
    [JSON.stringify(states)],
  );
}

/** One page of tenants, newest first, and how many there are in all. */
export function pageOfTenants(
  registry: Registry,
  query: { state?: TenantState; page: number; limit: number },
): { rows: TenantRow[]; total: number } {
  return registry.read(() => {
    const state = query.state ?? null;
    const total = registry.get<{ n: number }>(
      'SELECT count(*) AS n FROM tenants WHERE :state IS NULL OR state = :state',
      {
        state,
      },
    );
    const rows = registry.all<TenantRow>(
      `SELECT * FROM tenants WHERE :state IS NULL OR state = :state ORDER BY created_at DESC, tenant_id LIMIT :limit OFFSET :offset`,
      { state, limit: query.limit, offset: (query.page - 1) * query.limit },
    );
    return { rows, total: total?.n ?? 0 };
  });
}

/**
 * The configuration of a version. A version that was written never changes, so callers may keep it. Fields that came into
 * the product after it was written have their defaults.
 */
export function tenantConfig(registry: Registry, tenantId: string, version: number): TenantConfig {
  const row = registry.get<{ config: string }>(
    'SELECT config FROM tenant_configs WHERE tenant_id = ? AND config_version = ?',
    [tenantId, version],
  );
  if (!row) throw new FrostbyteError('STORE_CORRUPTED', 'A tenant has no configuration of its current version.');
  return { ...DEFAULT_TENANT_CONFIG, ...(JSON.parse(row.config) as TenantConfig) };
}

/** The last schema of metadata that a tenant had, also where it has none now; null where it never had one. O(versions). */
export function lastCustomFields(registry: Registry, tenantId: string): CustomFields | null {
  const row = registry.get<{ schema: string }>(
    `SELECT json_extract(config, '$.custom_fields') AS schema FROM tenant_configs
     WHERE tenant_id = ? AND json_extract(config, '$.custom_fields') IS NOT NULL ORDER BY config_version DESC LIMIT 1`,
    [tenantId],
  );
  return row ? (JSON.parse(row.schema) as CustomFields) : null;
}

/** Writes a version of a tenant's configuration. Inside `registry.write`. */
export function insertConfig(
  registry: Registry,
  row: {
    tenant_id: string;
    config_version: number;
    config: TenantConfig;
    changed_by: string;
    reason: string;
    changed_at: string;
  },
): void {
  registry.run(
    `INSERT INTO tenant_configs (tenant_id, config_version, config, changed_by, reason, changed_at)
     VALUES (:tenant_id, :config_version, :config, :changed_by, :reason, :changed_at)`,
    { ...row, config: JSON.stringify(row.config) },
  );
}
