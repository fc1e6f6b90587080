import type { NewContainer } from '../engine/new-container.ts';
import {
  CORE_NETWORKS,
  CORE_PLACES,
  type CorePlace,
  coreAddress,
  coreContainer,
  coreNetwork,
  LAST,
  networkPlan,
  PROJECT,
  type Service,
} from '../stack/addresses.ts';
import type { Limits, MemoryFolder } from '../stack/confinement.ts';
import { CORE_VOLUMES, type CoreMount, type CoreService } from '../stack/core-services.ts';
import { imageReference } from '../stack/images.ts';

/** A container as our descriptions have it, whoever started it: what the engine's answer is held against. */
export interface Described extends Limits {
  name: string;
  /** The name of its image. */
  image: string;
  /** Null, of these three: as its image says. */
  user: string | null;
  entrypoint: readonly string[] | null;
  command: readonly string[] | null;
  groups: readonly number[];
  /** Its address in each of its networks; or whatever another container has, by its id. Empty: it has none at all. */
  networks: ReadonlyMap<string, string> | { of: string };
  mounts: readonly DescribedMount[];
  memoryFolders: readonly MemoryFolder[];
  /** Null: as much as the engine gives. */
  sharedMemoryMb: number | null;
  keepsLog: boolean;
  /** Whether it has to run now, or must not; `either`: nobody says, and it may be away. */
  stands: 'runs' | 'rests' | 'either';
}

export interface DescribedMount {
  /** A folder or file of the host, or the name of a volume. */
  source: string;
  target: string;
  writable: boolean;
}

/** One of ours on this host, or a network: the number that its addresses go by. */
export interface DescribedNetwork {
  name: string;
  number: number;
}

/** A container that control makes. `places`: what it is attached to beside the network that it begins in. */
export function describedOwn(
  container: NewContainer,
  stands: Described['stands'],
  places: ReadonlyMap<string, string> = new Map(),
): Described {
  const { name, image, user = null, command, groups = [], network, mounts, memoryFolders, keepsLog = true } = container;
  const { memoryMb, cpus, processes, openFiles } = container;
  const begins = network === null || 'of' in network ? [] : [[network.name, network.address] as const];
  return {
    ...{ name, image, user, entrypoint: null, command, groups, mounts, memoryFolders, keepsLog, stands },
    ...{ memoryMb, cpus, processes, openFiles, sharedMemoryMb: null },
    networks: network !== null && 'of' in network ? network : new Map([...begins, ...places]),
  };
}

/** What the core stack is given on this host. */
export interface CoreGiven {
  subnet: string;
  release: string;
  /** Folders of the host, as Compose is told them. */
  folders: Readonly<Record<'hba' | 'signatures', string>>;
  secrets: string;
  isSecure: boolean;
}

/** One of the core stack, as Compose makes it of its description. */
export function describedCore(
  service: CoreService,
  given: CoreGiven,
  places: ReadonlyMap<string, string> = new Map(),
): Described {
  const { name, image, user, program, command, mounts = [], secrets = [], tlsSecrets = [] } = service;
  const wanted = given.isSecure ? [...secrets, ...tlsSecrets] : secrets;
  const own = isPlaced(name)
    ? [[coreNetwork(CORE_PLACES[name].network), coreAddress(given.subnet, name)] as const]
    : [];
  return {
    ...service.limits,
    name: coreContainer(name),
    image: imageReference(image, given.release),
    user: user === undefined ? null : `${user}:${user}`,
    entrypoint: program === undefined ? null : [program],
    command: command?.(given.subnet) ?? null,
    groups: [],
    networks: new Map([...own, ...places]),
    mounts: [
      ...mounts.map((mount) => mountOf(mount, given)),
      ...wanted.map((file) => ({
        source: `${given.secrets}/${file}`,
        target: `/run/secrets/${file}`,
        writable: false,
      })),
    ],
    memoryFolders: service.memoryFolders ?? [],
    sharedMemoryMb: service.sharedMemoryMb ?? null,
    keepsLog: true,
    stands: 'runs',
  };
}

/** Where a container that serves all tenants stands in their networks. */
export function placesIn(subnet: string, networks: readonly DescribedNetwork[], service: Service): Map<string, string> {
  return new Map(networks.map(({ name, number }) => [name, networkPlan(subnet, number).address(LAST[service])]));
}

/** The networks of the core stack. */
export function coreNetworks(): DescribedNetwork[] {
  return (Object.keys(CORE_NETWORKS) as (keyof typeof CORE_NETWORKS)[]).map((name) => ({
    name: coreNetwork(name),
    number: CORE_NETWORKS[name],
  }));
}

function mountOf(mount: CoreMount, { folders }: CoreGiven): DescribedMount {
  if ('folder' in mount) return { source: folders[mount.folder], target: mount.target, writable: false };
  if (!Object.hasOwn(CORE_VOLUMES, mount.volume)) throw new Error(`no volume ${mount.volume} is described`);
  return { source: `${PROJECT}_${mount.volume}`, target: mount.target, writable: mount.writable };
}

function isPlaced(name: string): name is CorePlace {
  return Object.hasOwn(CORE_PLACES, name);
}
