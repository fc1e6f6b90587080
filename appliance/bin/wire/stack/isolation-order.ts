import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { IsolationOrder, OrderTarget } from '../../../api/plane/isolation-order.ts';
import type { TenantNetwork } from '../../../control/networks/port.ts';
import { PLANE_PORT } from '../../../control/planes/container-specs.ts';
import type { IsolationTarget, TenantResources } from '../../../control/provisioning/port.ts';
import { CORE_NETWORKS, networkPlan, PORTS } from '../../../control/stack/addresses.ts';
import { fileId } from '../../../isolation/try-vector-files.ts';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import { tenantNames, tenantPaths } from '../../../kernel/names.ts';
import type { BackingParts } from '../backing.ts';
import { hasOwnQdrant } from './core.ts';
import { CONTROL_DATABASE } from './logs.ts';
import { embedderPorts, type StackServers } from './servers.ts';
import type { TenantStores } from './stores.ts';

export interface OrderParts {
  parts: Pick<BackingParts, 'config' | 'root' | 'clock'>;
  servers: StackServers;
  stores: TenantStores;
  /** Puts what others try to read into a tenant's bucket. */
  plant(tenantId: string): Promise<void>;
  /** Runs `make` unless the probe was made before. */
  probe(tenantId: string, make: () => Promise<void>): Promise<void>;
  resources: Pick<TenantResources, 'keys' | 'credentials' | 'network' | 'objects' | 'records' | 'vectors' | 'queue'>;
}

/**
 * What the isolation check is told (spec 3): the tenant's own things, and each target's by name. Of the probe, which is
 * made where it is missing, also its credentials: a password that is right must open nothing from the wrong network.
 */
export async function isolationOrder(
  order: OrderParts,
  tenantId: string,
  targets: readonly IsolationTarget[],
): Promise<IsolationOrder> {
  const { parts, servers, stores } = order;
  const { planes } = parts.config.stack;
  const isInside = planes === 'containers';
  const own = await stores.handedOver(tenantId);
  const described: OrderTarget[] = [];
  for (const { tenant_id, probe } of targets) {
    if (probe) {
      await order.probe(tenant_id, () => makeProbe(order, tenant_id));
      // Anew for each check: an open door may have cost it the last one. An object store that does not answer says so when
      // it is tried, and keeps nobody from trying the others.
      await order.plant(tenant_id).catch((error: unknown) => {
        if (!isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) throw error;
      });
    }
    const names = tenantNames(tenant_id);
    const held = probe ? await stores.handedOver(tenant_id) : null;
    const network = isInside ? await servers.networkOf(tenant_id) : null;
    described.push({
      tenant_id,
      probe,
      objects: { bucket: names.bucket, user: held?.objects.access_key ?? null },
      // From the host every network is the right one, so that says nothing there.
      records: {
        database: names.database,
        role: names.role,
        password: isInside ? (held?.records.password ?? null) : null,
      },
      vectors: await vectorsOf(parts.config, tenant_id),
      queue:
        network === null
          ? {
              host: own.queue.host,
              port: own.queue.port,
              username: names.redisUser,
              password: null,
              prefix: names.redisPrefix,
            }
          : {
              host: network.address('redis'),
              port: PORTS.redis,
              username: names.redisUser,
              password: held?.queue.password ?? null,
              prefix: names.redisPrefix,
            },
      doors: network === null ? [] : doorsOf(network, hasOwnQdrant(parts.config)),
    });
  }
  const from = isInside ? await servers.networkOf(tenantId) : null;
  return {
    tenant_id: tenantId,
    inside: isInside,
    own,
    targets: described,
    control_database: CONTROL_DATABASE,
    scanner: from === null ? null : { host: from.address('scanner'), port: PORTS.scanner },
    closed:
      from === null
        ? []
        : [
            ...servers.core.map((door) => ({ ...door, is_host: false })),
            ...[22, 2375, parts.config.listen.port || 8080].map((port) => ({
              name: `the host at port ${port}`,
              host: from.address('host'),
              port,
              is_host: true,
            })),
            {
              name: 'the host by the stores’ network',
              host: networkPlan(parts.config.stack.subnet, CORE_NETWORKS.stores).gateway,
              port: 22,
              is_host: true,
            },
          ],
    // The engine's own, and the host's.
    resolvers: from === null ? [] : ['127.0.0.11', from.address('host')],
  };
}

/** A tenant's vectors, as a thief would know them: by their name, or by what tells their folder and files on this host. */
async function vectorsOf(config: BackingParts['config'], tenantId: string): Promise<OrderTarget['vectors']> {
  if (config.stack.vectors === 'qdrant') return { kind: 'qdrant', collection: tenantNames(tenantId).collection };
  const { folder } = tenantPaths(config.data_folder, tenantId);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^vectors\.(?:r1\.)?sqlite$/.test(name));
  const ids: string[] = [];
  for (const path of [folder, ...names.map((name) => join(folder, name))]) {
    const found = await stat(path, { bigint: true }).catch(() => null);
    if (found !== null) ids.push(fileId(found));
  }
  return { kind: 'sqlite-vec', folder, ids };
}

/**
 * What stands in a tenant's network: its own, and the stores as they are attached there. `hasQdrant`: one of them is Qdrant,
 * and a container of ours.
 */
export function doorsOf(network: Pick<TenantNetwork, 'address'>, hasQdrant: boolean): OrderTarget['doors'] {
  const at = (name: string, service: Parameters<TenantNetwork['address']>[0], port: number) => ({
    name,
    host: network.address(service),
    port,
    is_host: service === 'host',
  });
  return [
    at('its data plane', 'plane', PLANE_PORT),
    at('the database by its network', 'postgres', PORTS.postgres),
    at('the object store by its network', 'objects', PORTS.objects),
    at('the scanner by its network', 'scanner', PORTS.scanner),
    ...(hasQdrant ? [at('the vector index by its network', 'qdrant', PORTS.qdrant)] : []),
    // Wherever one listens: a port at which none does says nothing about the wall.
    ...embedderPorts().map(({ model, port }) => at(`the embedder of ${model} by its network`, 'embedder', port)),
    at('the host by its network', 'host', 22),
  ];
}

/** Makes the probe tenant, or completes it. */
async function makeProbe({ resources }: OrderParts, probe: string): Promise<void> {
  const { keys, credentials, network, objects, records, vectors, queue } = resources;
  for (const resource of [keys, credentials, ...(network ? [network] : []), objects, records, vectors, queue]) {
    await resource.make(probe);
  }
}
