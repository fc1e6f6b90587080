import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Turns } from '../../kernel/turns.ts';
import type { TenantResources } from '../provisioning/port.ts';
import type { Registry } from '../registry/open.ts';
import type { TenantRow } from '../registry/rows.ts';
import { needTenant } from '../registry/tenants.ts';

/** What changes of keys work with. */
export interface KeyParts {
  registry: Registry;
  clock: Clock;
  resources: Pick<TenantResources, 'keys' | 'credentials' | 'objects' | 'recovery'>;
  /** By tenant: one change of its keys at a time. */
  turns: Turns;
}

/** Whether keys of a tenant in this state may change: it has some, and they are not being deleted. */
export function keysMayChange(row: Pick<TenantRow, 'state'> | null): boolean {
  return row?.state === 'ACTIVE' || row?.state === 'SUSPENDED';
}

/** A tenant whose keys may change. Throws `RESOURCE_NOT_FOUND`, `INVALID_STATE_TRANSITION`. */
export function needKeys(registry: Registry, tenantId: string): TenantRow {
  const row = needTenant(registry, tenantId);
  if (keysMayChange(row)) return row;
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `The tenant is ${row.state}; its keys do not change now.`, {
    details: [{ field: 'state', value: row.state, constraint: 'must be ACTIVE or SUSPENDED' }],
  });
}
