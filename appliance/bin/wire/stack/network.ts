import { join } from 'node:path';
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
import { coreContainer } from '../../../control/stack/addresses.ts';
import { imageReference } from '../../../control/stack/images.ts';
import { OWN_IMAGE, TENANT_REDIS } from '../../../control/stack/tenant-services.ts';
import { tryEverything } from '../../../isolation/check.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { controlPaths, tenantPaths } from '../../../kernel/names.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { LockedModel } from '../../../models/embedder/lock.ts';
import { openTenantKeys } from '../../../secrets/keyring.ts';
import { openSqliteVectors } from '../../../stores/vector/sqlite-vec.ts';
import { hostProgram } from '../../entry.ts';
import { runFolder } from '../../run-folder.ts';
import { withLink } from '../embedded-isolation.ts';
import { succeeds, trySecrets } from '../try-secrets.ts';
import { stackCertificates } from './certificates.ts';
import { type StackContainers, stackContainers } from './containers.ts';
import { hasOwnQdrant } from './core.ts';
import { type StackEmbedder, stackEmbedder } from './embedder.ts';
import { isolationOrder, type OrderParts } from './isolation-order.ts';
import { type StackServers, stackServers } from './servers.ts';

/** Where the tenants' things run and how they reach each other: the container engine, networks, a Redis for each. */
export interface StackNetwork {
  engine: Engine;
  networks: TenantNetworks;
  redis: RedisServers;
  /** Null where data planes are processes of this host. */
  containers: StackContainers | null;
  /** As above. */
  embedder: StackEmbedder | null;
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
const SHARED = Object.freeze({
  postgres: coreContainer('postgres'),
  objects: coreContainer('objects'),
  scanner: coreContainer('scanner'),
});
/** The same where the bundle has it. */
const QDRANT = coreContainer('qdrant');

/** `models`: those that are here. */
export function openStackNetwork(
  config: Config,
  release: string,
  models: readonly LockedModel[],
  logger: Logger,
): StackNetwork {
  const { engine: socket, subnet, planes } = config.stack;
  const inContainers = planes === 'containers';
  const certificates = stackCertificates(config);
  const engine = openEngine(socket);
  // Control's own file by a connection of its own, once control has made it.
  let registry: Registry | undefined;
  const openedRegistry = () => {
    registry ??= openRegistry(controlPaths(config.data_folder).registry, systemClock());
    return registry;
  };
  const image = imageReference(OWN_IMAGE, release);
  const embedder = inContainers ? stackEmbedder({ config, engine, image, models, logger }) : null;
  const networks = tenantNetworks({
    engine,
    subnet,
    numbers: networkNumbers(openedRegistry),
    shared: inContainers
      ? { ...SHARED, ...(hasOwnQdrant(config) ? { qdrant: QDRANT } : {}), ...embedder?.attached }
      : {},
  });
  const redis = redisContainers({
    engine,
    networks,
    image: imageReference(TENANT_REDIS.image, release),
    secrets: join(runFolder(config), 'secrets'),
    certificates: certificates.ofRedis,
  });
  const containers = inContainers ? stackContainers({ config, engine, networks, image, logger }) : null;
  const servers = stackServers(config, networks, certificates);
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
    containers,
    embedder,
    servers,
    inputRule: inputRule(hostProgram('input-rule')),
    async isolation(parts, tenantId, targets) {
      const found: IsolationFinding[] = [];
      try {
        const order = await isolationOrder({ ...parts, servers, probe }, tenantId, targets);
        // Data planes that are processes of this host sit where control sits.
        found.push(...(await (containers === null ? tryEverything(order) : containers.inside.run(order))));
        if (containers === null) found.push(...(await linkFindings(parts, tenantId, targets)));
      } catch (error) {
        // What is found open with the secrets counts, whatever could not be found out.
        if (!isFrostbyteError(error)) throw error;
        const reason = error.message.slice(0, 500);
        found.push({ store: 'all', test: 'what only shows inside', target: tenantId, result: 'SKIPPED', reason });
      }
      // Behind the order, which makes the probe where there is none.
      return [...(await secretFindings(parts, tenantId, targets)), ...found];
    },
    close: () => registry?.raw.close(),
  };
}

/** Vectors that lie in files, from the host: a link in the own folder that leads to another's is not followed. */
async function linkFindings(
  { parts: { config, clock } }: Omit<OrderParts, 'servers' | 'probe'>,
  tenantId: string,
  targets: readonly IsolationTarget[],
): Promise<IsolationFinding[]> {
  const findings: IsolationFinding[] = [];
  if (config.stack.vectors === 'qdrant') return findings;
  const { folder } = tenantPaths(config.data_folder, tenantId);
  for (const { tenant_id: target } of targets) {
    const link = join(folder, `isolation-${newId()}.sqlite`);
    await withLink(tenantPaths(config.data_folder, target).vectors, link, async () => {
      const allowed = await succeeds(() => openSqliteVectors(link, { appliedAt: clock.iso() }).close());
      const result = allowed ? 'ALLOWED' : 'DENIED';
      findings.push({ store: 'vectors', test: 'open its file through a link', target, result });
    });
  }
  return findings;
}

/** What no network leads to, since it lies with control: tried from here, with the identities that are the tenant's. */
async function secretFindings(
  { parts: { config, root }, resources: { keys, credentials } }: Omit<OrderParts, 'servers' | 'probe'>,
  tenantId: string,
  targets: readonly IsolationTarget[],
): Promise<IsolationFinding[]> {
  const isOpen = await Promise.all([keys.check(tenantId), credentials.check(tenantId)]).then(
    () => true,
    () => false,
  );
  const own = { store: 'secrets', test: 'own access', target: tenantId, result: isOpen ? 'OK' : 'DENIED' } as const;
  const findings: IsolationFinding[] = [own];
  if (!isOpen) return findings;
  const held = await openTenantKeys(root, tenantPaths(config.data_folder, tenantId).secrets);
  const identities = [...held.identities, ...held.storage.identities];
  for (const { tenant_id: target } of targets) {
    for await (const { test, allowed } of trySecrets(config.data_folder, identities, target)) {
      findings.push({ store: 'secrets', test, target, result: allowed ? 'ALLOWED' : 'DENIED' });
    }
  }
  return findings;
}
