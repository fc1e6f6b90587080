/**
 * Who has which address (spec 7, "Compose"): half of it is configured, the third number is the network's, the last one says
 * who it is. Network 0 is the stores', 255 the scanner's, those between are tenants'.
 */
export const CORE_NETWORKS = Object.freeze({ stores: 0, scanning: 255 });
export type CoreNetwork = keyof typeof CORE_NETWORKS;

/** What the host has in each of them. */
const HOST = 1;

/**
 * Last numbers in every tenant's network: stores where they are attached, the tenant's own behind. The thief is the
 * isolation check, which tries from there what somebody would who had taken over the data plane.
 */
export const LAST = Object.freeze({
  host: HOST,
  postgres: 10,
  objects: 11,
  scanner: 13,
  qdrant: 14,
  embedder: 15,
  plane: 20,
  redis: 21,
  thief: 22,
});
export type Service = keyof typeof LAST;

/** Where the core stack's own stand: in which network, and their last number there. clamd is in none. */
export const CORE_PLACES = Object.freeze({
  postgres: { network: 'stores', last: LAST.postgres },
  objects: { network: 'stores', last: LAST.objects },
  redis: { network: 'stores', last: 12 },
  qdrant: { network: 'stores', last: LAST.qdrant },
  scanner: { network: 'scanning', last: 15 },
  // It begins there, before control attaches it to tenants' networks.
  embedder: { network: 'scanning', last: 16 },
} as const satisfies Record<string, { network: CoreNetwork; last: number }>);
export type CorePlace = keyof typeof CORE_PLACES;

/** What each of them listens on. */
export const PORTS = Object.freeze({ postgres: 5432, objects: 9000, redis: 6379, qdrant: 6333, scanner: 3310 });

/** What every network is: nothing leads out of it. */
export const NETWORK = Object.freeze({ internal: true, driver: 'bridge', ipv6: false });
/** Where the name of a network's interface on the host is given. */
export const BRIDGE_OPTION = 'com.docker.network.bridge.name';
/** What the interfaces of all our networks begin with: the host's input rule goes by it (`host/input-rule`). */
export const BRIDGE_PREFIX = 'frost';

export interface NetworkPlan {
  /** Such as `172.28.3.0/24`. */
  cidr: string;
  /** The host's address in it. */
  gateway: string;
  /** The name of its interface on the host. */
  bridge: string;
  address(last: number): string;
}

/** A network by its number; `subnet` is the first half of all addresses, such as `172.28`. */
export function networkPlan(subnet: string, number: number): NetworkPlan {
  const address = (last: number) => `${subnet}.${number}.${last}`;
  return { cidr: `${address(0)}/24`, gateway: address(HOST), bridge: `${BRIDGE_PREFIX}${number}`, address };
}

/** The fixed address of one of the core stack. */
export function coreAddress(subnet: string, who: CorePlace): string {
  const { network, last } = CORE_PLACES[who];
  return networkPlan(subnet, CORE_NETWORKS[network]).address(last);
}

/** What Compose calls the core stack. */
export const PROJECT = 'frostbyte';

/** The name of one of its networks, as the engine knows it. */
export function coreNetwork(network: CoreNetwork): string {
  return `${PROJECT}_${network}`;
}

/** The name of the container of one of its services, as the engine knows it. */
export function coreContainer(service: string): string {
  return `${PROJECT}-${service}-1`;
}
