import { FrostbyteError } from '../../../kernel/errors.ts';
import { liveTokens } from '../../registry/tokens.ts';
import { endTokens } from '../../tenants/kill-switch.ts';
import { isSuspended, raiseFlag } from '../../tenants/suspension-flags.ts';
import type { Step } from '../step.ts';

/** Route and tokens off: the flag stops gateways and workers, the epoch ends the tokens. */
export const closeRoute: Step = Object.freeze({
  name: 'route',
  do: async ({ dataFolder, registry, clock, tenantId, actor }) => {
    raiseFlag(dataFolder, tenantId, { actor, reason: 'deprovisioning' });
    registry.write(() => endTokens(registry, clock, tenantId));
  },
  verify: async ({ dataFolder, registry, clock, tenantId }) => {
    const live = liveTokens(registry, { tenant_id: tenantId }, Math.floor(clock.now() / 1000));
    if (isSuspended(dataFolder, tenantId) && live.length === 0) return;
    throw new FrostbyteError('STORE_UNAVAILABLE', 'The tenant could not be closed.');
  },
  undo: async () => undefined,
} satisfies Step);
