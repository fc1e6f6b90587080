import { join } from 'node:path';
import type { IsolationOrder, IsolationTry } from '../../../api/plane/isolation-order.ts';
import type { Config } from '../../../config/schema.ts';
import { type Engine, openEngine } from '../../../control/engine/engine.ts';
import { type InputRule, inputRule } from '../../../control/networks/input-rule.ts';
import { networkNumbers } from '../../../control/networks/numbers.ts';
import type { TenantNetworks } from '../../../control/networks/port.ts';
import { tenantNetworks } from '../../../control/networks/tenant-networks.ts';
import type { IsolationFinding, IsolationTarget } from '../../../control/provisioning/port.ts';
import { redisContainers } from '../../../control/redis-servers/containers.ts';
import type { RedisServers } from '../../../control/redis-servers/port.ts';
import { openRegistry, type Registry } from '../../../control/registry/open.ts';
import { tryEverything } from '../../../isolation/check.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { hostProgram } from '../../entry.ts';
import { runFolder } from '../../run-folder.ts';
import { isolationOrder, type OrderParts } from './isolation-order.ts';
import { type StackServers, stackServers } from './servers.ts';

/** Where the tenants' things run and how they reach each other: the container engine, networks, a Redis for each. */
export interface StackNetwork {
  engine: Engine;
  networks: TenantNetworks;
  redis: RedisServers;
  servers: StackServers;
  inputRule: InputRule;
  /** Makes the probe, and tries with what the tenant holds what a thief would. */
  isolation(
    parts: Omit<OrderParts, 'servers' | 'probe'>,
    tenantId: string,
    targets: readonly IsolationTarget[],
  ): Promise<IsolationFinding[]>;
  close(): void;
}

/** Containers of the core stack that every tenant's network is given, by what they are (compose/core.yaml). */
const SHARED = Object.freeze({ postgres: 'frostbyte-postgres-1', objects: 'frostbyte-objects-1' });
/** The user that `images/redis` runs as. */
const REDIS_UID = 6379;

export function openStackNetwork(config: Config, release: string): StackNetwork {
  const { engine: socket, subnet, planes } = config.stack;
  const engine = openEngine(socket);
  // Control's own file by a connection of its own, once control has made it.
  let registry: Registry | undefined;
  const openedRegistry = () => {
    registry ??= openRegistry(controlPaths(config.data_folder).registry, systemClock());
    return registry;
  };
  const networks = tenantNetworks({
    engine,
    subnet,
    numbers: networkNumbers(openedRegistry),
    shared: planes === 'containers' ? SHARED : {},
  });
  const redis = redisContainers({
    engine,
    networks,
    image: `frostbyte.local/redis:${release}`,
    secrets: join(runFolder(config), 'secrets'),
    uid: REDIS_UID,
  });
  const servers = stackServers(config, networks);
  let made: Promise<void> | null = null;
  const probe: OrderParts['probe'] = (_tenantId, make) => {
    made ??= make();
    made.catch(() => {
      made = null;
    });
    return made;
  };
  return {
    engine,
    networks,
    redis,
    servers,
    inputRule: inputRule(hostProgram('input-rule')),
    async isolation(parts, tenantId, targets) {
      const order = await isolationOrder({ ...parts, servers, probe }, tenantId, targets);
      return (await run(order)).map((found): IsolationFinding => found);
    },
    close: () => registry?.raw.close(),
  };

  /** Data planes that are processes of this host sit where control sits. */
  function run(order: IsolationOrder): Promise<IsolationTry[]> {
    return tryEverything(order);
  }
}
