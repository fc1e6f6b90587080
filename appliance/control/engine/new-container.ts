import { CONFINEMENT, type Limits, type MemoryFolder, memoryOptions } from '../stack/confinement.ts';

/** A container as control makes them: what differs. The rest is the same for all. */
export interface NewContainer extends Limits {
  name: string;
  image: string;
  /** Behind the image's entrypoint. */
  command: readonly string[];
  /** Who it runs as, where the image does not say; group ids beside its own. */
  user?: string;
  groups?: readonly number[];
  labels: Readonly<Record<string, string>>;
  /** Its one network, and its address there; or whatever another container has, by its id; null: it has none at all. */
  network: { name: string; address: string } | { of: string } | null;
  /** What of the host it sees. Whatever is secret comes this way, from a folder on memory. */
  mounts: readonly { source: string; target: string; writable: boolean }[];
  memoryFolders: readonly MemoryFolder[];
  /** False: whatever it says is nowhere written. Default: the engine keeps some of it. */
  keepsLog?: boolean;
  /** The longest that asking it to end may take before it is ended. */
  stopSeconds?: number;
}

const MIB = 1024 * 1024;
/**
 * How often the image's own check is made. Nothing waits for it, since control talks to each of them; and on a host of fifty
 * tenants a program is started in a hundred and fifty containers each time.
 */
const CHECK_EVERY_SECONDS = 60;

/** What the engine is asked for: every container confined alike (spec 7, "Compose"), whoever asks. */
export function bodyOf(container: NewContainer): object {
  const { network, memoryMb, cpus, processes, openFiles, mounts, memoryFolders, groups, user } = container;
  const { keepsLog = true } = container;
  const isShared = network !== null && 'of' in network;
  return {
    Image: container.image,
    Cmd: [...container.command],
    Labels: { ...container.labels },
    Healthcheck: { Interval: CHECK_EVERY_SECONDS * 1e9 },
    ...(user === undefined ? {} : { User: user }),
    ...(container.stopSeconds === undefined ? {} : { StopTimeout: container.stopSeconds }),
    HostConfig: {
      ReadonlyRootfs: CONFINEMENT.readOnly,
      CapDrop: [...CONFINEMENT.capDrop],
      SecurityOpt: [...CONFINEMENT.securityOpt],
      ...(groups === undefined ? {} : { GroupAdd: groups.map(String) }),
      // With another's network it shares the resolver.
      ...(isShared ? {} : { Dns: [...CONFINEMENT.dns] }),
      RestartPolicy: { Name: CONFINEMENT.restart },
      LogConfig: keepsLog
        ? { Type: CONFINEMENT.log.driver, Config: { ...CONFINEMENT.log.options } }
        : { Type: 'none', Config: {} },
      NetworkMode: network === null ? 'none' : isShared ? `container:${network.of}` : network.name,
      Memory: memoryMb * MIB,
      MemorySwap: memoryMb * MIB,
      NanoCpus: Math.round(cpus * 1e9),
      PidsLimit: processes,
      Ulimits: [{ Name: 'nofile', Soft: openFiles, Hard: openFiles }],
      Mounts: mounts.map(({ source, target, writable }) => ({
        Type: 'bind',
        Source: source,
        Target: target,
        ReadOnly: !writable,
        BindOptions: { Propagation: 'rprivate' },
      })),
      Tmpfs: Object.fromEntries(memoryFolders.map((folder) => [folder.path, memoryOptions(folder)])),
    },
    ...(network === null || isShared
      ? {}
      : {
          NetworkingConfig: {
            EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: network.address } } },
          },
        }),
  };
}
