/** The engine's answers, as far as control reads them. */
import { BRIDGE_OPTION } from '../stack/addresses.ts';

export interface EngineNetwork {
  id: string;
  internal: boolean;
  /** Its one subnet; null where it has none, or several. */
  subnet: string | null;
  /** The name of its interface on the host, where it was given one. */
  bridge: string | null;
  labels: Record<string, string>;
  /** Addresses of the running containers in it, by their names. */
  attached: Map<string, string>;
}

export interface EngineContainer {
  id: string;
  running: boolean;
  /** The id of its image. */
  image: string;
  /** The name by which it was made of that image. */
  imageName: string;
  startedAt: string;
  /** Its process on the host; 0 while it does not run. */
  pid: number;
  labels: Record<string, string>;
  /** What of the host, or of a volume, it was given. */
  mounts: readonly { source: string; target: string; writable: boolean }[];
  /** What it is attached to, also while it does not run, by the network's name. */
  networks: Map<string, { id: string; address: string }>;
}

/** What a container has taken since it was started. */
export interface ContainerUsage {
  id: string;
  /** Processes and threads that it has now. */
  processes: number;
  /** Packets that came to it. */
  received: number;
}

export interface RawStats {
  id?: string;
  pids_stats?: { current?: number };
  networks?: Record<string, { rx_packets?: number }> | null;
}

export interface RawNetwork {
  Id: string;
  Name: string;
  Internal: boolean;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  IPAM: { Config: { Subnet?: string }[] | null };
  Containers?: Record<string, { Name: string; IPv4Address: string }> | null;
}

export interface RawContainer {
  Id: string;
  Image: string;
  State: { Running: boolean; StartedAt: string; Pid: number; Health?: { Status: string } | null };
  Config: { Image: string; Labels: Record<string, string> | null; Healthcheck?: { Test?: string[] | null } | null };
  Mounts?: { Source?: string; Destination: string; RW: boolean }[] | null;
  NetworkSettings: {
    Networks: Record<
      string,
      { NetworkID: string; IPAddress: string; IPAMConfig: { IPv4Address?: string } | null }
    > | null;
  };
}

export function readNetwork({ Id, Internal, Labels, Options, IPAM, Containers }: RawNetwork): EngineNetwork {
  const subnets = IPAM.Config ?? [];
  return {
    id: Id,
    internal: Internal,
    subnet: subnets.length === 1 ? (subnets[0]?.Subnet ?? null) : null,
    bridge: Options?.[BRIDGE_OPTION] ?? null,
    labels: Labels ?? {},
    attached: new Map(
      Object.values(Containers ?? {}).map(({ Name, IPv4Address }) => [Name, IPv4Address.replace(/\/\d+$/, '')]),
    ),
  };
}

export function readUsage({ id, pids_stats, networks }: RawStats): ContainerUsage | null {
  // One that does not run takes nothing, and has no id there.
  if (id === undefined || pids_stats?.current === undefined) return null;
  return {
    id,
    processes: pids_stats.current,
    received: Object.values(networks ?? {}).reduce((sum, { rx_packets = 0 }) => sum + rx_packets, 0),
  };
}

/** The words of the check that a container brings; null where it brings none. */
export function checkOf({ Config }: RawContainer): string[] | null {
  const [kind, ...words] = Config.Healthcheck?.Test ?? [];
  if (kind === 'CMD' && words.length > 0) return words;
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : null;
}

export function readContainer({ Id, Image, State, Config, Mounts, NetworkSettings }: RawContainer): EngineContainer {
  return {
    id: Id,
    image: Image,
    imageName: Config.Image,
    running: State.Running,
    startedAt: State.StartedAt,
    pid: State.Pid,
    labels: Config.Labels ?? {},
    // What lies in memory has no source.
    mounts: (Mounts ?? []).flatMap(({ Source, Destination, RW }) =>
      Source ? [{ source: Source, target: Destination, writable: RW }] : [],
    ),
    networks: new Map(
      Object.entries(NetworkSettings.Networks ?? {}).map(([name, { NetworkID, IPAddress, IPAMConfig }]) => [
        name,
        // The address that was asked for: while it does not run it has no other.
        { id: NetworkID, address: IPAMConfig?.IPv4Address ?? IPAddress },
      ]),
    ),
  };
}
