import { canonicalJson } from '../../kernel/canonical-json.ts';
import { CONFINEMENT, memoryOptions } from '../stack/confinement.ts';
import type { Described } from './described.ts';
import { networksOf, type ObservedContainer, type ObservedImage } from './observed.ts';

/** One thing in which a container is another than it was described. */
export interface Drift {
  what: string;
  is: string;
  should: string;
}

interface Aspect {
  what: string;
  is(found: ObservedContainer, image: ObservedImage): unknown;
  should(wanted: Described, image: ObservedImage): unknown;
}

const MIB = 2 ** 20;
/** What the engine gives where nothing was asked for. */
const SHARED_MEMORY = 64 * MIB;
/** Neither of these lets in another container or the host. */
const OWN_IPC = ['', 'private', 'none'];

/** Everything that a container is held to beside its networks. A word more than was described counts as much as one less. */
const ASPECTS: readonly Aspect[] = [
  { what: 'image', is: ({ Image }) => Image, should: (_, { Id }) => Id },
  { what: 'user', is: ({ Config }) => Config.User, should: ({ user }, image) => user ?? image.Config.User ?? '' },
  {
    what: 'entrypoint',
    is: ({ Config }) => Config.Entrypoint ?? [],
    should: ({ entrypoint }, image) => entrypoint ?? image.Config.Entrypoint ?? [],
  },
  {
    what: 'command',
    is: ({ Config }) => Config.Cmd ?? [],
    // With a program of its own an image's words do not count.
    should: ({ command, entrypoint }, image) => command ?? (entrypoint === null ? (image.Config.Cmd ?? []) : []),
  },
  {
    what: 'environment',
    is: ({ Config }, image) => variables(Config.Env, image.Config.Env),
    should: (_, image) => variables(image.Config.Env, image.Config.Env),
  },
  { what: 'groups', is: ({ HostConfig }) => HostConfig.GroupAdd ?? [], should: ({ groups }) => groups.map(String) },
  { what: 'read-only root', is: ({ HostConfig }) => HostConfig.ReadonlyRootfs, should: () => CONFINEMENT.readOnly },
  { what: 'privileged', is: ({ HostConfig }) => HostConfig.Privileged, should: () => false },
  { what: 'capabilities dropped', is: ({ HostConfig }) => HostConfig.CapDrop ?? [], should: () => CONFINEMENT.capDrop },
  { what: 'capabilities added', is: ({ HostConfig }) => HostConfig.CapAdd ?? [], should: () => [] },
  {
    what: 'security options',
    is: ({ HostConfig }) => HostConfig.SecurityOpt ?? [],
    should: () => CONFINEMENT.securityOpt,
  },
  {
    what: 'kernel files masked',
    // Null and a list are the engine's own; an empty one unmasks them all.
    is: ({ HostConfig }) => HostConfig.MaskedPaths?.length !== 0,
    should: () => true,
  },
  {
    what: 'devices',
    is: ({ HostConfig: { Devices, DeviceRequests, DeviceCgroupRules } }) =>
      [Devices, DeviceRequests, DeviceCgroupRules].flatMap((each): unknown[] => each ?? []),
    should: () => [],
  },
  {
    what: 'namespaces of the host or of others',
    is: ({ HostConfig: { PidMode, IpcMode, UTSMode } }) => [PidMode, OWN_IPC.includes(IpcMode) ? '' : IpcMode, UTSMode],
    should: () => ['', '', ''],
  },
  { what: 'kernel settings', is: ({ HostConfig }) => HostConfig.Sysctls ?? {}, should: () => ({}) },
  {
    what: 'resolver',
    is: ({ HostConfig }) => HostConfig.Dns ?? [],
    should: ({ networks }) => ('of' in networks ? [] : CONFINEMENT.dns),
  },
  { what: 'names of hosts', is: ({ HostConfig }) => HostConfig.ExtraHosts ?? [], should: () => [] },
  {
    what: 'published ports',
    is: ({ HostConfig }) => [Object.keys(HostConfig.PortBindings ?? {}), HostConfig.PublishAllPorts],
    should: () => [[], false],
  },
  {
    what: 'restart by the engine',
    is: ({ HostConfig }) => HostConfig.RestartPolicy.Name || 'no',
    should: () => CONFINEMENT.restart,
  },
  {
    what: 'log',
    is: ({ HostConfig: { LogConfig } }) => [LogConfig.Type, LogConfig.Config ?? {}],
    should: ({ keepsLog }) => (keepsLog ? [CONFINEMENT.log.driver, CONFINEMENT.log.options] : ['none', {}]),
  },
  { what: 'memory', is: ({ HostConfig }) => HostConfig.Memory, should: ({ memoryMb }) => memoryMb * MIB },
  { what: 'memory with swap', is: ({ HostConfig }) => HostConfig.MemorySwap, should: ({ memoryMb }) => memoryMb * MIB },
  { what: 'processors', is: ({ HostConfig }) => HostConfig.NanoCpus / 1e9, should: ({ cpus }) => cpus },
  { what: 'processes', is: ({ HostConfig }) => HostConfig.PidsLimit, should: ({ processes }) => processes },
  {
    what: 'open files',
    is: ({ HostConfig }) => HostConfig.Ulimits ?? [],
    should: ({ openFiles }) => [{ Name: 'nofile', Soft: openFiles, Hard: openFiles }],
  },
  {
    what: 'shared memory',
    is: ({ HostConfig }) => HostConfig.ShmSize,
    should: ({ sharedMemoryMb }) => (sharedMemoryMb === null ? SHARED_MEMORY : sharedMemoryMb * MIB),
  },
  { what: 'mounts', is: mountsOf, should: describedMounts },
  {
    what: 'folders on memory',
    is: ({ HostConfig }) => HostConfig.Tmpfs ?? {},
    should: ({ memoryFolders }) =>
      Object.fromEntries(memoryFolders.map((folder) => [folder.path, memoryOptions(folder)])),
  },
  { what: 'volumes of others', is: ({ HostConfig }) => HostConfig.VolumesFrom ?? [], should: () => [] },
];

/** In what a container is another than was described, but for its networks. `image`: the one of its described name. */
export function containerDrift(wanted: Described, found: ObservedContainer, image: ObservedImage): Drift[] {
  return ASPECTS.flatMap(({ what, is, should }) => {
    const [there, here] = [is(found, image), should(wanted, image)].map(canonicalJson) as [string, string];
    return there === here ? [] : [{ what, is: there, should: here }];
  });
}

/** The networks that a container is in and should not be, and those that it is missing. */
export function placeDrift({ networks }: Described, found: ObservedContainer): Drift[] {
  const mode = found.HostConfig.NetworkMode;
  if ('of' in networks) {
    const should = `container:${networks.of}`;
    return mode === should ? [] : [{ what: 'network', is: mode, should }];
  }
  const attached = networksOf(found);
  const drift: Drift[] = [];
  // One that has another's, or the host's, has no list of its own.
  if (/^(?:host$|container:)/.test(mode)) drift.push({ what: 'network', is: mode, should: 'its own' });
  for (const [name, address] of attached) {
    const should = networks.get(name);
    if (should === undefined)
      drift.push({ what: `network ${name}`, is: address || 'attached', should: 'not attached' });
    else if (should !== address) drift.push({ what: `address in ${name}`, is: address, should });
  }
  for (const [name, should] of networks)
    if (!attached.has(name)) drift.push({ what: `network ${name}`, is: 'not attached', should });
  return drift;
}

/** A variable may be a secret that somebody put there: its name is told, and that it says something else, never what. */
function variables(found: readonly string[] | null | undefined, known: readonly string[] | null | undefined): string[] {
  return (found ?? [])
    .map((one) => `${one.split('=')[0]}${known?.includes(one) ? '' : ', which says something else'}`)
    .sort();
}

const inWords = (source: string, target: string, writable: boolean) =>
  `${source} at ${target}, ${writable ? 'written to' : 'read-only'}`;

function mountsOf({ Mounts }: ObservedContainer, image: ObservedImage): string[] {
  // What the image itself keeps apart, in a volume without a name, is no way to anything.
  const own = new Set(Object.keys(image.Config.Volumes ?? {}));
  return Mounts.filter(
    ({ Type, Name, Destination }) => !(Type === 'volume' && own.has(Destination) && isNameless(Name)),
  )
    .map(({ Type, Name, Source, Destination, RW }) =>
      inWords(Type === 'bind' ? Source : (Name ?? Type), Destination, RW),
    )
    .sort();
}

const isNameless = (name: string | undefined): boolean => /^[0-9a-f]{64}$/.test(name ?? '');

function describedMounts({ mounts }: Described): string[] {
  return mounts.map(({ source, target, writable }) => inWords(source, target, writable)).sort();
}
