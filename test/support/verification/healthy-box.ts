import type { EngineFacts, Facts, ProbedContainer } from '../../../appliance/bin/host/verification/facts.ts';
import { type ProbeAnswer, WAYS } from '../../../appliance/bin/host/verification/probe-tries.ts';
import { describedStack } from '../../../appliance/bin/wire/stack/described.ts';
import { type Config, defaultConfig } from '../../../appliance/config/schema.ts';
import type { Described } from '../../../appliance/control/drift/described.ts';
import type { ObservedContainer, ObservedImage, ObservedNetwork } from '../../../appliance/control/drift/observed.ts';
import { BRIDGE_OPTION, networkPlan } from '../../../appliance/control/stack/addresses.ts';
import { CONFINEMENT, memoryOptions } from '../../../appliance/control/stack/confinement.ts';

/** What is found out about a box with nothing wrong, of two tenants, one of them suspended: tests spoil it. */

const MIB = 2 ** 20;
const SUBNET = '172.28';
const digest = (name: string) => `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;

export function boxConfig(): Config {
  const usual = defaultConfig();
  return {
    ...usual,
    mode: 'stack',
    data_folder: '/var/lib/frostbyte',
    processes: { ...usual.processes, run_folder: '/run/frostbyte' },
    stack: { ...usual.stack, vectors: 'sqlite-vec' },
  };
}

export function healthyFacts(): Facts {
  const engine = engineOf();
  return {
    host: 'box',
    version: '1.2.3',
    engine: { is: engine },
    input_rule: { is: null },
    egress: {
      is: {
        probed: engine.containers.filter(({ State }) => State.Running).map((one) => probed(one, engine)),
        proven: WAYS.map((way) => answer(way, true)),
        deaf: [],
        doors: 3,
      },
    },
    images: { is: { lacking: [], of: 5 } },
    release: {
      is: {
        current: '/opt/frostbyte/releases/1.2.3',
        own: '/opt/frostbyte/releases/1.2.3',
        signed: { is: 'SHA256:abc' },
        problems: [],
        files: 900,
        loose: [],
      },
    },
    files: {
      is: {
        ...{ units: [], command: [], trust: [], folders: true, unfinished: null, evidence: { is: 3 } },
        settings: { path: '/etc/frostbyte/frostbyte.yaml', loose: false, changed: false },
      },
    },
    services: {
      is: {
        ...{ manager: 'systemd', control: true, gateway: true },
        units: [
          { name: 'frostbyte-control.service', active: 'active', enabled: 'enabled', drop_ins: '', reload: false },
        ],
      },
    },
    ready: { is: { of: 9, missing: [] } },
    online: { is: { endpoint: null, tenants: [] } },
    vectors: { is: { mode: 'sqlite-vec', brought: false } },
    smoke: { is: ['it was erased, and is found no more'] },
    isolation: { is: ['300 tries by 3 tenants: each got at what is its own, and at nothing else'] },
  };
}

function engineOf(): EngineFacts {
  const described = describedStack({
    config: boxConfig(),
    release: '1.2.3',
    models: [],
    tenants: [
      { tenant_id: 'acme', number: 1, state: 'ACTIVE' },
      { tenant_id: 'bravo', number: 2, state: 'SUSPENDED' },
    ],
    ids: new Map(),
  });
  // An isolation check is there for seconds, now and then.
  const there = described.containers.filter(({ name }) => !name.endsWith('-isolation'));
  return {
    described,
    subnet: SUBNET,
    networks: described.networks.map(networkOf),
    containers: there.map(containerOf),
    images: Object.fromEntries(there.map(({ image }) => [image, imageOf(image)])),
  };
}

function networkOf({ name, number }: { name: string; number: number }): ObservedNetwork {
  const { cidr, gateway, bridge } = networkPlan(SUBNET, number);
  return {
    ...{ Id: digest(name), Name: name, Driver: 'bridge', Internal: true, EnableIPv6: false, Attachable: false },
    Options: { [BRIDGE_OPTION]: bridge },
    Labels: { 'frostbyte.plane': 'tenant' },
    IPAM: { Config: [{ Subnet: cidr, Gateway: gateway }] },
  };
}

const imageOf = (reference: string): ObservedImage => ({
  Id: digest(reference),
  Config: { User: '7600:7600', Env: ['PATH=/usr/bin'], Cmd: ['serve'], Entrypoint: ['/opt/start'], Volumes: null },
});

/** As the engine answers for a container that was made by its description. */
export function containerOf(wanted: Described): ObservedContainer {
  const image = imageOf(wanted.image);
  const networks = 'of' in wanted.networks ? new Map<string, string>() : wanted.networks;
  return {
    Id: digest(wanted.name),
    Name: `/${wanted.name}`,
    Image: image.Id,
    State: { Running: wanted.stands === 'runs', Pid: 4711, StartedAt: '', Health: { Status: 'healthy' } },
    Config: {
      User: wanted.user ?? image.Config.User!,
      Env: ['PATH=/usr/bin'],
      Cmd: [...(wanted.command ?? image.Config.Cmd!)],
      Entrypoint: [...(wanted.entrypoint ?? image.Config.Entrypoint!)],
      Image: wanted.image,
      Labels: { 'frostbyte.plane': 'tenant' },
    },
    HostConfig: {
      NetworkMode: networks.size === 0 ? 'none' : [...networks.keys()][0]!,
      ...{ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'], CapAdd: null },
      SecurityOpt: ['no-new-privileges=true'],
      MaskedPaths: ['/proc/kcore'],
      GroupAdd: null,
      Dns: ['127.0.0.1'],
      ExtraHosts: null,
      RestartPolicy: { Name: 'no' },
      LogConfig: wanted.keepsLog
        ? { Type: CONFINEMENT.log.driver, Config: { ...CONFINEMENT.log.options } }
        : { Type: 'none', Config: {} },
      ...{ Memory: wanted.memoryMb * MIB, MemorySwap: wanted.memoryMb * MIB, NanoCpus: wanted.cpus * 1e9 },
      PidsLimit: wanted.processes,
      Ulimits: [{ Name: 'nofile', Soft: wanted.openFiles, Hard: wanted.openFiles }],
      ShmSize: (wanted.sharedMemoryMb ?? 64) * MIB,
      Tmpfs: Object.fromEntries(wanted.memoryFolders.map((folder) => [folder.path, memoryOptions(folder)])),
      ...{ Devices: null, DeviceRequests: null, DeviceCgroupRules: null, PortBindings: {}, PublishAllPorts: false },
      ...{ PidMode: '', IpcMode: 'private', UTSMode: '', Sysctls: null, VolumesFrom: null },
    },
    Mounts: wanted.mounts.map(({ source, target, writable }) =>
      source.startsWith('/')
        ? { Type: 'bind', Source: source, Destination: target, RW: writable }
        : {
            Type: 'volume',
            Name: source,
            Source: `/var/lib/docker/volumes/${source}/_data`,
            Destination: target,
            RW: writable,
          },
    ),
    NetworkSettings: {
      Networks:
        networks.size === 0
          ? { none: { IPAddress: '', IPAMConfig: null } }
          : Object.fromEntries(
              [...networks].map(([name, address]) => [name, { IPAddress: '', IPAMConfig: { IPv4Address: address } }]),
            ),
    },
  };
}

export const answer = (way: ProbeAnswer['way'], reached: boolean, host = '172.28.0.1'): ProbeAnswer => ({
  ...{ way, host, port: way === 'icmp' ? 0 : 7001, token: 'x', reached, said: reached ? 'connected' : 'silent' },
});

function probed({ Name, NetworkSettings }: ObservedContainer, { described }: EngineFacts): ProbedContainer {
  const own = Object.keys(NetworkSettings.Networks ?? {}).filter((name) => name !== 'none');
  const plan = (name: string) => networkPlan(SUBNET, described.networks.find((one) => one.name === name)!.number);
  return {
    container: Name.slice(1),
    answers: WAYS.map((way) => answer(way, false)),
    error: null,
    routes: own.flatMap((name, at) => [
      ...(at === 0 ? [{ device: 'eth0', subnet: '0.0.0.0/0', gateway: plan(name).gateway }] : []),
      { device: `eth${at}`, subnet: plan(name).cidr, gateway: null },
    ]),
    devices: own.map((_, at) => `eth${at}`),
    six: [],
  };
}
