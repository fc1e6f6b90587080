import type { TenantConfig } from '../../api/tenant-config.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import type { Registry } from '../registry/open.ts';
import type { TenantRow } from '../registry/rows.ts';
import { findTenant, tenantConfig } from '../registry/tenants.ts';
import type { TenantGate } from '../verbs.ts';
import { isSuspended } from './suspension-flags.ts';

const NOBODY: TenantGate = Object.freeze({ state: null, config: null, config_version: 0 });

/**
 * The answer the gateway needs on each request: one `stat` for the flag, one keyed read for the state. The state is read
 * afresh each time (about ten microseconds), because another process may have changed it; a configuration version never
 * changes and is kept parsed, one per tenant.
 */
export function tenantGate(dataFolder: string, registry: Registry): (tenantId: string) => TenantGate {
  const configs = new Map<string, { version: number; config: TenantConfig }>();
  return (tenantId) => {
    if (!TENANT_ID.test(tenantId)) return NOBODY;
    const flagged = isSuspended(dataFolder, tenantId);
    let row: TenantRow | null;
    try {
      row = findTenant(registry, tenantId);
    } catch (error) {
      // A stopped tenant is refused as such even when the registry cannot answer.
      if (flagged) return { ...NOBODY, state: 'SUSPENDED' };
      throw error;
    }
    if (row === null) return NOBODY;
    let known = configs.get(tenantId);
    if (known?.version !== row.config_version) {
      known = { version: row.config_version, config: tenantConfig(registry, tenantId, row.config_version) };
      configs.set(tenantId, known);
    }
    const state = flagged && row.state === 'ACTIVE' ? 'SUSPENDED' : row.state;
    return { state, config: known.config, config_version: known.version };
  };
}
