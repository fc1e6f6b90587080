/** A container as control makes them: what differs. The rest is the same for all. */
export interface NewContainer {
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
  memoryMb: number;
  /** In processors; 0.5 is half of one. */
  cpus: number;
  processes: number;
  openFiles: number;
  /** What of the host it sees. Whatever is secret comes this way, from a folder on memory. */
  mounts: readonly { source: string; target: string; writable: boolean }[];
  /** Folders on memory of its own. */
  memoryFolders: readonly { path: string; uid: number; sizeMb: number }[];
  /** False: whatever it says is nowhere written. Default: the engine keeps some of it. */
  keepsLog?: boolean;
  /** The longest that asking it to end may take before it is ended. */
  stopSeconds?: number;
}

const MIB = 1024 * 1024;

/** What the engine is asked for: every container confined alike (spec 7, "Compose"), whoever asks. */
export function bodyOf(container: NewContainer): object {
  const { network, memoryMb, cpus, processes, openFiles, mounts, memoryFolders, groups, user } = container;
  const { keepsLog = true } = container;
  const isShared = network !== null && 'of' in network;
  return {
    Image: container.image,
    Cmd: [...container.command],
    Labels: { ...container.labels },
    ...(user === undefined ? {} : { User: user }),
    ...(container.stopSeconds === undefined ? {} : { StopTimeout: container.stopSeconds }),
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges=true'],
      ...(groups === undefined ? {} : { GroupAdd: groups.map(String) }),
      // Names of others are not resolved: a question to a resolver is a way out. With a network it shares the resolver.
      ...(isShared ? {} : { Dns: ['127.0.0.1'] }),
      // After a boot the secrets are not there yet: control starts it when they are.
      RestartPolicy: { Name: 'no' },
      LogConfig: keepsLog
        ? { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }
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
      Tmpfs: Object.fromEntries(
        memoryFolders.map(({ path, uid, sizeMb }) => [
          path,
          `uid=${uid},gid=${uid},mode=0700,size=${sizeMb}m,noexec,nosuid,nodev`,
        ]),
      ),
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
