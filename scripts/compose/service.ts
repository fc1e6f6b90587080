/** One service, volume or network of the core stack, as Compose is told it. */

import { PLANE_LABEL, STORES_PLANE } from '../../appliance/control/engine/labels.ts';
import {
  BRIDGE_OPTION,
  CORE_NETWORKS,
  CORE_PLACES,
  type CoreNetwork,
  type CorePlace,
  coreAddress,
  NETWORK,
  networkPlan,
} from '../../appliance/control/stack/addresses.ts';
import { CONFINEMENT, memoryOptions } from '../../appliance/control/stack/confinement.ts';
import {
  CORE_VOLUMES,
  type CoreMount,
  type CoreService,
  type CoreVolume,
  GIVEN,
  givenRelease,
} from '../../appliance/control/stack/core-services.ts';
import { imageReference } from '../../appliance/control/stack/images.ts';
import { DEFAULT_SUBNET } from '../../appliance/kernel/names.ts';

export const SUBNET = { name: 'FROSTBYTE_SUBNET', text: `\${FROSTBYTE_SUBNET:-${DEFAULT_SUBNET}}` };
/** What is not given ends Compose with the name of it. */
export const given = (what: keyof typeof GIVEN): string => `\${${GIVEN[what].name}:?}`;
const LABELS = { [PLANE_LABEL]: STORES_PLANE };
/** What a volume keeps: no backup may pass it over. */
const KEEPS_LABEL = 'frostbyte.keeps';

/** Every rule that all are held to, and what is the service's own. */
export function composeService(service: CoreService): Record<string, unknown> {
  const { name, user, program, command, mounts, secrets, memoryFolders, sharedMemoryMb, limits } = service;
  const { stopSeconds, check, checkEverySeconds, after } = service;
  return {
    image: imageReference(service.image, releaseOf(service)),
    pull_policy: 'never',
    ...(user && { user: `${user}:${user}` }),
    ...(program && { entrypoint: [program] }),
    ...(command && { command: command(SUBNET.text) }),
    ...placeOf(name),
    ...(check && { healthcheck: composeCheck(check.plain) }),
    ...(checkEverySeconds && { healthcheck: { interval: `${checkEverySeconds}s` } }),
    ...(after && { depends_on: Object.fromEntries(after.map((each) => [each, { condition: 'service_healthy' }])) }),
    restart: CONFINEMENT.restart,
    read_only: CONFINEMENT.readOnly,
    cap_drop: CONFINEMENT.capDrop,
    security_opt: CONFINEMENT.securityOpt,
    dns: CONFINEMENT.dns,
    ...(mounts && { volumes: mounts.map(composeMount) }),
    ...(secrets && { secrets }),
    ...(memoryFolders && { tmpfs: memoryFolders.map((folder) => `${folder.path}:${memoryOptions(folder)}`) }),
    ...(sharedMemoryMb && { shm_size: `${sharedMemoryMb}m` }),
    mem_limit: `${limits.memoryMb}m`,
    memswap_limit: `${limits.memoryMb}m`,
    cpus: limits.cpus,
    pids_limit: limits.processes,
    ulimits: { nofile: limits.openFiles },
    stop_grace_period: `${stopSeconds}s`,
    logging: CONFINEMENT.log,
    labels: LABELS,
  };
}

/** The release’s tag, or that of an earlier one which gave the very same image: whoever runs on it goes on. */
function releaseOf({ name }: Pick<CoreService, 'name'>): string {
  return `\${${givenRelease(name)}:-${given('release')}}`;
}

/** What Compose is told of a check: a slow answer is none, and a start takes its time. */
export function composeCheck(test: readonly string[]): Record<string, unknown> {
  return { test: ['CMD', ...test], interval: '5s', timeout: '3s', retries: 6, start_period: '60s' };
}

/** Whoever has no place is in no network, and not in one that Compose would make. */
function placeOf(name: CoreService['name']): Record<string, unknown> {
  if (!isPlaced(name)) return { network_mode: 'none' };
  return { networks: { [CORE_PLACES[name].network]: { ipv4_address: coreAddress(SUBNET.text, name) } } };
}

function isPlaced(name: string): name is CorePlace {
  return Object.hasOwn(CORE_PLACES, name);
}

function composeMount(mount: CoreMount): Record<string, unknown> {
  if ('folder' in mount) return { type: 'bind', source: given(mount.folder), target: mount.target, read_only: true };
  const { volume, target, writable, copiesFromImage } = mount;
  return {
    type: 'volume',
    source: volume,
    target,
    ...(writable ? {} : { read_only: true }),
    ...(copiesFromImage ? {} : { volume: { nocopy: true } }),
  };
}

/** A network of the core stack: internal, as every one is. */
export function composeNetwork(network: CoreNetwork): Record<string, unknown> {
  const { cidr, gateway, bridge } = networkPlan(SUBNET.text, CORE_NETWORKS[network]);
  return {
    internal: NETWORK.internal,
    driver_opts: { [BRIDGE_OPTION]: bridge },
    labels: LABELS,
    ipam: { config: [{ subnet: cidr, gateway }] },
  };
}

export function composeVolume(name: CoreVolume): Record<string, unknown> {
  const volume = CORE_VOLUMES[name];
  if ('keeps' in volume) {
    const labels = { ...LABELS, [KEEPS_LABEL]: volume.keeps };
    if (!('folder' in volume)) return { labels };
    return { labels, driver_opts: { type: 'none', device: given(volume.folder), o: 'bind' } };
  }
  const { uid, gid, mode, sizeMb } = volume.memory;
  const o = `uid=${uid},gid=${gid},mode=${mode},size=${sizeMb}m,noexec,nosuid,nodev`;
  return { labels: LABELS, driver_opts: { type: 'tmpfs', device: 'tmpfs', o } };
}
