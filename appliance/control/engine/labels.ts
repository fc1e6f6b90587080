import { checkTenantId } from '../../kernel/ids.ts';

/** What tells our networks and containers from others' on the same engine. */
export const PLANE_LABEL = 'frostbyte.plane';
export const TENANT_PLANE = 'tenant';
export const STORES_PLANE = 'stores';
export const TENANT_LABEL = 'frostbyte.tenant';
export const ROLE_LABEL = 'frostbyte.role';

/** The container that embeds for all tenants. */
export const EMBEDDER_NAME = 'frostbyte-embedder';
export const EMBEDDER_LABELS = Object.freeze({ [PLANE_LABEL]: 'shared', [ROLE_LABEL]: 'embedder' });

/** What a container of a tenant is. */
export type TenantRole = 'data-plane' | 'parser' | 'redis' | 'isolation';

export function tenantLabels(tenantId: string, role?: TenantRole): Record<string, string> {
  return {
    [PLANE_LABEL]: TENANT_PLANE,
    [TENANT_LABEL]: checkTenantId(tenantId),
    ...(role === undefined ? {} : { [ROLE_LABEL]: role }),
  };
}

/** The name of a tenant's container. */
export function containerName(tenantId: string, role: TenantRole): string {
  return `frostbyte-${checkTenantId(tenantId)}-${role}`;
}
