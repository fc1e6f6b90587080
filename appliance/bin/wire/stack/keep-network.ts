import type { Dependency } from '../../../api/plane/tables.ts';
import type { InputRule } from '../../../control/networks/input-rule.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import type { RedisServers } from '../../../control/redis-servers/port.ts';
import { codeFrames } from '../../../kernel/errors.ts';
import { shaped } from '../../../kernel/log-fields.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { remembered } from '../../remembered.ts';
import { repeat } from '../../repeat.ts';

/** Keeps the tenants' networks and their Redis servers as they must be, for as long as control runs. */
export interface KeptNetwork {
  /** Whether the networks are whole, and the host's input rule is in force. */
  health(): Promise<Dependency[]>;
  stop(): Promise<void>;
}

export interface KeepNetworkOptions {
  networks: Pick<TenantNetworks, 'reconcile'>;
  redis: Pick<RedisServers, 'states' | 'stop'>;
  inputRule: InputRule;
  /** Whether a tenant works, and its Redis server should. */
  works(tenantId: string): boolean;
  /** Whether its Redis server, which runs, knows its user: one that was started anew knows nobody. */
  isKnown(tenantId: string): Promise<boolean>;
  /** Starts its Redis server and makes what it knows anew. */
  revive(tenantId: string): Promise<void>;
  logger: Logger;
}

const RECONCILE_MS = 60_000;
/** How long a server that died, or was started anew by somebody else, may stay so: its tenant's jobs wait. */
const REVIVE_MS = 2000;
const RULE_MS = 15_000;

export function keepNetwork(options: KeepNetworkOptions): KeptNetwork {
  const { networks, redis, inputRule, works, isKnown, revive, logger } = options;
  let isWhole = true;
  const reconciling = repeat(
    async () => {
      const mended = await networks.reconcile();
      if (mended.length > 0) logger.warn('networks of tenants were mended', { count: mended.length });
      isWhole = true;
    },
    RECONCILE_MS,
    (error) => {
      logger.warn('networks of tenants could not be mended', codeFrames(error));
      isWhole = false;
    },
  );
  const reviving = repeat(
    async () => {
      for (const [tenantId, state] of await redis.states()) {
        if (!works(tenantId)) continue;
        // One that does not answer is asked again; whether it runs is the engine's to say.
        if (state === 'running' && (await isKnown(tenantId).catch(() => true))) continue;
        logger.warn('the queue server of a tenant ended or forgot its user', shaped({ tenant_id: tenantId }));
        await revive(tenantId).catch((error: unknown) =>
          logger.warn('the queue server of a tenant could not be started', {
            ...shaped({ tenant_id: tenantId }),
            ...codeFrames(error),
          }),
        );
        // It was stopped meanwhile, and must not live on.
        if (!works(tenantId)) await redis.stop(tenantId);
      }
    },
    REVIVE_MS,
    (error) => logger.warn('the queue servers could not be looked after', codeFrames(error)),
  );
  const rule = remembered(RULE_MS, () => inputRule.check());

  return {
    async health() {
      const wrong = await rule();
      return [
        { name: 'networks', ok: isWhole, message: isWhole ? 'as they must be' : 'could not be mended' },
        { name: 'input rule', ok: wrong === null, message: wrong ?? 'in force' },
      ];
    },
    async stop() {
      await Promise.all([reconciling.stop(), reviving.stop()]);
    },
  };
}
