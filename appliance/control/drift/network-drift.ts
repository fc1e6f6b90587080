import { BRIDGE_OPTION, NETWORK, networkPlan } from '../stack/addresses.ts';
import type { Drift } from './container-drift.ts';
import type { DescribedNetwork } from './described.ts';
import type { ObservedNetwork } from './observed.ts';

/** What newer engines repeat among the options, of what they say by itself. */
const SAID_ELSEWHERE = new Set(['com.docker.network.enable_ipv4', 'com.docker.network.enable_ipv6']);

/** In what a network is another than ours are: internal, one subnet, an interface that the host's input rule knows. */
export function networkDrift(subnet: string, { number }: DescribedNetwork, found: ObservedNetwork): Drift[] {
  const { cidr, gateway, bridge } = networkPlan(subnet, number);
  const [ipam, ...more] = found.IPAM.Config ?? [];
  const { [BRIDGE_OPTION]: named = 'the engine’s own name', ...given } = found.Options ?? {};
  const options = Object.keys(given).filter((name) => !SAID_ELSEWHERE.has(name));
  const pairs: readonly [what: string, is: unknown, should: unknown][] = [
    ['internal', found.Internal, NETWORK.internal],
    ['driver', found.Driver, NETWORK.driver],
    ['IPv6', found.EnableIPv6, NETWORK.ipv6],
    ['subnets', [ipam?.Subnet, ...more.map(({ Subnet }) => Subnet)].join(' '), cidr],
    ['the host’s address', ipam?.Gateway ?? 'the engine’s choice', gateway],
    ['interface', named, bridge],
    ['other options', options.sort().join(' '), ''],
  ];
  return pairs.flatMap(([what, is, should]) =>
    is === should ? [] : [{ what, is: String(is), should: String(should) }],
  );
}
