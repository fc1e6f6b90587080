import { FrostbyteError } from '../../kernel/errors.ts';
import type { Registry } from '../registry/open.ts';

/** Tenants that fit on a box: a /24 of the configured range each, beside the stores' own (spec 3, step 4). */
export const MOST_NETWORKS = 254;

/** Which tenant has which network, in control's registry. */
export interface NetworkNumbers {
  /** The tenant's number, or null. */
  of(tenantId: string): number | null;
  /** The tenant's number; the lowest free one where it has none. Throws `QUOTA_EXCEEDED` where all are taken. */
  take(tenantId: string): number;
  /** Once the network is gone. A tenant that has none is no error. */
  giveBack(tenantId: string): void;
  /** Numbers by tenant. */
  all(): Map<string, number>;
}

const LOWEST_FREE = `WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ${MOST_NETWORKS})
  SELECT min(number) AS number FROM numbers WHERE number NOT IN (SELECT number FROM tenant_networks)`;

/** `open` gives the registry; nothing is asked of it before it is needed. */
export function networkNumbers(open: () => Registry): NetworkNumbers {
  const of = (tenantId: string): number | null =>
    open().get<{ number: number }>('SELECT number FROM tenant_networks WHERE tenant_id = ?', [tenantId])?.number ??
    null;
  return {
    of,
    take: (tenantId) => {
      const registry = open();
      return registry.write(() => {
        const known = of(tenantId);
        if (known !== null) return known;
        const free = registry.get<{ number: number | null }>(LOWEST_FREE, [])?.number ?? null;
        if (free === null) {
          throw new FrostbyteError(
            'QUOTA_EXCEEDED',
            `This box has networks for ${MOST_NETWORKS} tenants, and all are taken. Deprovision a tenant, or use another box.`,
          );
        }
        registry.run('INSERT INTO tenant_networks (number, tenant_id) VALUES (?, ?)', [free, tenantId]);
        return free;
      });
    },
    giveBack: (tenantId) => {
      const registry = open();
      registry.write(() => registry.run('DELETE FROM tenant_networks WHERE tenant_id = ?', [tenantId]));
    },
    all: () =>
      new Map(
        open()
          .all<{ tenant_id: string; number: number }>(
            'SELECT tenant_id, number FROM tenant_networks ORDER BY number',
            [],
          )
          .map(({ tenant_id, number }) => [tenant_id, number]),
      ),
  };
}
