import { BRIDGE_OPTION } from '../stack/addresses.ts';

/** The engine's answers about what there is, as far as they are held against descriptions. */

export interface ObservedContainer {
  Id: string;
  /** With a slash before it. */
  Name: string;
  /** The id of its image. */
  Image: string;
  State: { Running: boolean; Pid: number; StartedAt: string; Health?: { Status: string } | null };
  Config: {
    User: string;
    Env: string[] | null;
    Cmd: string[] | null;
    Entrypoint: string[] | null;
    Image: string;
    Labels: Record<string, string> | null;
  };
  HostConfig: {
    NetworkMode: string;
    ReadonlyRootfs: boolean;
    Privileged: boolean;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    MaskedPaths?: string[] | null;
    GroupAdd: string[] | null;
    Dns: string[] | null;
    ExtraHosts: string[] | null;
    RestartPolicy: { Name: string };
    LogConfig: { Type: string; Config: Record<string, string> | null };
    Memory: number;
    MemorySwap: number;
    NanoCpus: number;
    PidsLimit: number | null;
    Ulimits: { Name: string; Soft: number; Hard: number }[] | null;
    ShmSize: number;
    Tmpfs?: Record<string, string> | null;
    Devices: unknown[] | null;
    DeviceRequests: unknown[] | null;
    DeviceCgroupRules: string[] | null;
    PortBindings: Record<string, unknown> | null;
    PublishAllPorts: boolean;
    PidMode: string;
    IpcMode: string;
    UTSMode: string;
    Sysctls?: Record<string, string> | null;
    VolumesFrom: string[] | null;
  };
  Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean }[];
  NetworkSettings: {
    Networks: Record<string, { IPAddress: string; IPAMConfig: { IPv4Address?: string } | null }> | null;
  };
}

export interface ObservedImage {
  Id: string;
  Config: {
    User?: string | null;
    Env?: string[] | null;
    Cmd?: string[] | null;
    Entrypoint?: string[] | null;
    Volumes?: Record<string, unknown> | null;
  };
}

export interface ObservedNetwork {
  Id: string;
  Name: string;
  Driver: string;
  Internal: boolean;
  EnableIPv6: boolean;
  Attachable: boolean;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
  IPAM: { Config: { Subnet?: string; Gateway?: string }[] | null };
  Containers?: Record<string, { Name: string }> | null;
}

/** The name of a container, as people say it. */
export const nameOf = ({ Name }: Pick<ObservedContainer, 'Name'>): string => Name.replace(/^\//, '');

/** What a container is attached to, with the address that was asked for: while it does not run it has no other. */
export function networksOf({ NetworkSettings, HostConfig }: ObservedContainer): Map<string, string> {
  const all = Object.entries(NetworkSettings.Networks ?? {});
  // What the engine calls a network of one that has none.
  const real = HostConfig.NetworkMode === 'none' ? all.filter(([name]) => name !== 'none') : all;
  return new Map(real.map(([name, { IPAddress, IPAMConfig }]) => [name, IPAMConfig?.IPv4Address ?? IPAddress]));
}

/** The name of a network's interface on the host; where none was given, the engine made one up of its id. */
export const bridgeOf = ({ Options, Id }: Pick<ObservedNetwork, 'Options' | 'Id'>): string =>
  Options?.[BRIDGE_OPTION] ?? `br-${Id.slice(0, 12)}`;
