import { FrostbyteError } from '../../../kernel/errors.ts';
import { noteKeys, noteKeysGone } from '../../registry/keys.ts';
import { needTenant } from '../../registry/tenants.ts';
import type { Step } from '../step.ts';

/** The registry learns the tenant's public key, and its key history begins. */
export const register: Step = Object.freeze({
  name: 'registry',
  do: async ({ registry, clock, resources, tenantId }) => {
    const key = await resources.keys.current(tenantId);
    registry.write(() => noteKeys(registry, tenantId, key, clock.now(), 'provisioning'));
  },
  verify: async ({ registry, resources, tenantId }) => {
    const key = await resources.keys.current(tenantId);
    if (needTenant(registry, tenantId).age_public_key === key.age_public_key) return;
    throw new FrostbyteError('STORE_CORRUPTED', 'The registry does not hold the public key of the tenant.');
  },
  undo: async ({ registry, clock, tenantId }) => {
    registry.write(() => noteKeysGone(registry, tenantId, clock.iso()));
  },
} satisfies Step);
