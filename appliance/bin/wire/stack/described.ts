import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import {
  coreNetworks,
  type Described,
  type DescribedNetwork,
  describedCore,
  describedOwn,
  placesIn,
} from '../../../control/drift/described.ts';
import { embedderContainer } from '../../../control/embedder/container.ts';
import { EMBEDDER_NAME } from '../../../control/engine/labels.ts';
import type { NewContainer } from '../../../control/engine/new-container.ts';
import { isolationContainer } from '../../../control/isolation/inside.ts';
import { PLANE_PORT, parserContainer, planeContainer, planePlaces } from '../../../control/planes/container-specs.ts';
import { redisContainer } from '../../../control/redis-servers/containers.ts';
import { LAST, networkPlan, PORTS, type Service } from '../../../control/stack/addresses.ts';
import { CORE_SERVICES, QDRANT_SERVICE } from '../../../control/stack/core-services.ts';
import { imageReference } from '../../../control/stack/images.ts';
import { OWN_IMAGE, TENANT_REDIS, tenantServices } from '../../../control/stack/tenant-services.ts';
import type { TenantState } from '../../../kernel/identity.ts';
import { tenantNames } from '../../../kernel/names.ts';
import type { LockedModel } from '../../../models/embedder/lock.ts';
import { runFolder } from '../../run-folder.ts';
import { configuredEndpoint } from '../embedders.ts';
import { boxOf } from './containers.ts';
import { hasOwnQdrant } from './core.ts';
import { embedderOf } from './embedder.ts';
import { namedPlaneFolders } from './plane-folders.ts';

/** A tenant that has a network, as the registry knows it. */
export interface NetworkedTenant {
  tenant_id: string;
  number: number;
  state: TenantState | null;
}

/** All containers and networks that an appliance of these settings has, by the descriptions that they were made from. */
export interface DescribedStack {
  networks: DescribedNetwork[];
  containers: Described[];
  /** What listens, and in which network: the way from one network into another would be shown by it. */
  listening: { network: string; address: string; port: number }[];
}

export interface DescribedOptions {
  config: Config;
  release: string;
  models: readonly LockedModel[];
  tenants: readonly NetworkedTenant[];
  /** Ids of containers that run, by name: an isolation check has the network of its tenant's data plane. */
  ids: ReadonlyMap<string, string>;
}

/** Names of services that all tenants' networks are given. */
const SHARED: readonly Service[] = ['postgres', 'objects', 'scanner', 'qdrant', 'embedder'];

/** Describes them. Asks nobody, and makes nothing. */
export function describedStack({ config, release, models, tenants, ids }: DescribedOptions): DescribedStack {
  const { stack } = config;
  const { subnet } = stack;
  const given = {
    ...{ subnet, release, secrets: stack.secrets_folder, isSecure: stack.tls === 'on' },
    folders: { hba: stack.hba_folder, signatures: stack.signatures_folder },
  };
  const ofTenants = tenants.map(({ tenant_id, number }) => ({
    name: `frostbyte_${tenantNames(tenant_id).network}`,
    number,
  }));
  const places = (name: string) =>
    SHARED.includes(name as Service) ? placesIn(subnet, ofTenants, name as Service) : new Map<string, string>();
  const image = imageReference(OWN_IMAGE, release);
  const core = hasOwnQdrant(config) ? [...CORE_SERVICES, QDRANT_SERVICE] : CORE_SERVICES;
  const embedder =
    models.length === 0
      ? []
      : [describedOwn(embedderContainer(embedderOf(config, image, models)), 'runs', places('embedder'))];
  const containers = [
    ...core.map((service) => describedCore(service, given, places(service.name))),
    ...embedder,
    ...tenants.flatMap((tenant) => tenantContainers(tenant, { config, release, image, ids })),
  ];
  const networks = [...coreNetworks(), ...ofTenants];
  return { networks, containers, listening: listeningIn(containers) };
}

function tenantContainers(
  { tenant_id: id, number, state }: NetworkedTenant,
  { config, release, image, ids }: Pick<DescribedOptions, 'config' | 'release' | 'ids'> & { image: string },
): Described[] {
  const run = runFolder(config);
  const { cidr, address } = networkPlan(config.stack.subnet, number);
  const network = {
    ...{ number, cidr, name: `frostbyte_${tenantNames(id).network}` },
    address: (service: Service) => address(LAST[service]),
  };
  const { 'data-plane': plane, parser, isolation } = tenantServices(boxOf(config));
  const options = {
    ...{ image, planeUid: plane.uid, parserUid: parser.uid },
    limits: { plane: plane.limits, parser: parser.limits },
    folders: (tenantId: string) => namedPlaneFolders(config, tenantId),
    hasEndpoint: configuredEndpoint(config) !== null,
  };
  const planePlace = planePlaces(join(run, 'containers'), id, options);
  const redis = { image: imageReference(TENANT_REDIS.image, release), secrets: join(run, 'secrets') };
  const checker = { ...{ image, uid: isolation.uid, limits: isolation.limits }, folder: join(run, 'isolation') };
  const planeMade = planeContainer(options, id, network, planePlace);
  const planeId = ids.get(planeMade.name);
  // While a check runs it has what the plane has, or before there is a plane a place of its own.
  const checks: Pick<NewContainer, 'network' | 'mounts'> =
    planeId === undefined
      ? {
          network: { name: network.name, address: network.address('thief') },
          mounts: namedPlaneFolders(config, id).map((each) => ({ ...each, writable: true })),
        }
      : { network: { of: planeId }, mounts: planeMade.mounts };
  // Another state is on its way to one of these two.
  const stands = state === 'ACTIVE' ? 'runs' : state === 'SUSPENDED' ? 'rests' : 'either';
  return [
    describedOwn(planeMade, stands),
    describedOwn(parserContainer(options, id, planePlace.parsing), stands),
    describedOwn(redisContainer(redis, id, network), stands),
    describedOwn(isolationContainer(checker, id, checks), 'either'),
  ];
}

/** What a way between two networks would lead to: each store's own place, and what each tenant has. */
function listeningIn(containers: readonly Described[]): DescribedStack['listening'] {
  const ports: readonly [pattern: RegExp, port: number][] = [
    [/^frostbyte-postgres-1$/, PORTS.postgres],
    [/^frostbyte-objects-1$/, PORTS.objects],
    [/^frostbyte-redis-1$|^frostbyte-.+-redis$/, PORTS.redis],
    [/^frostbyte-qdrant-1$/, PORTS.qdrant],
    [/^frostbyte-scanner-1$/, PORTS.scanner],
    [/^frostbyte-.+-data-plane$/, PLANE_PORT],
  ];
  return containers.flatMap(({ name, networks, stands }) => {
    const port = name === EMBEDDER_NAME ? undefined : ports.find(([pattern]) => pattern.test(name))?.[1];
    if (port === undefined || 'of' in networks || stands !== 'runs') return [];
    return [...networks].map(([network, address]) => ({ network, address, port }));
  });
}
