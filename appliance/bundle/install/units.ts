import { controlPaths } from '../../kernel/names.ts';
import { type HostLayout, hostLayout } from '../host-layout.ts';

/** The two services of the host (spec 7, "Compose"), each described once: what runs, as whom, and what it may reach. */
export interface Unit {
  name: string;
  description: string;
  role: 'control' | 'gateway';
  /** Null: root. */
  user: string | null;
  after: readonly string[];
  requires: readonly string[];
  /** Capabilities that it keeps; none of the others can be had again. */
  capabilities: readonly string[];
  /** Run before it, by root and unconfined; where it fails the service does not start. */
  first: string | null;
  /** Folders that it may write to; everything else is read-only, or not there. */
  writes: readonly string[];
  /** A folder of which it sees one below, to read, and nothing else. */
  sees: { of: string; only: string } | null;
  /** Folders and sockets that it does not see at all. */
  hidden: readonly string[];
  families: readonly string[];
  /** Subnets that it may speak with beside loopback; null: the kernel's filter is its own to set (control starts containers). */
  reaches: readonly string[] | null;
  /** Namespaces of its own: documents are parsed in one. */
  namespaces: boolean;
  memory_max: string;
}

export const GATEWAY_USER = 'frostbyte-gateway';
/** Where sockets and open keys lie, on memory. */
export const RUN_FOLDER = '/run/frostbyte';
const { data: DATA } = hostLayout();

/** Where the installation is, as units need it. */
export interface Place {
  subnet: string;
  /** Networks that `listen` names, beside loopback. */
  listens_to: readonly string[];
}

export function unitsOf({ subnet, listens_to }: Place): readonly Unit[] {
  return [
    {
      name: 'frostbyte-control.service',
      description: 'Frostbyte: the room with the keys',
      role: 'control',
      user: null,
      after: ['docker.service', 'local-fs.target', 'time-sync.target'],
      requires: ['docker.service'],
      // Its files and those of containers; folders whose group goes on to sockets; signals to its children; the input rule;
      // sandboxes of documents.
      capabilities: [
        'CAP_CHOWN',
        'CAP_DAC_OVERRIDE',
        'CAP_FOWNER',
        'CAP_FSETID',
        'CAP_KILL',
        'CAP_NET_ADMIN',
        'CAP_SETGID',
        'CAP_SETUID',
        'CAP_SYS_ADMIN',
      ],
      // No container starts on a host that does not keep it from its own addresses. Every boot forgets the rule.
      first: 'host/input-rule up',
      writes: [DATA, RUN_FOLDER],
      sees: null,
      hidden: ['/home', '/root', '/boot', '/media', '/mnt'],
      families: ['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK'],
      reaches: [subnet],
      namespaces: true,
      memory_max: '4G',
    },
    {
      name: 'frostbyte-gateway.service',
      description: 'Frostbyte: the front door',
      role: 'gateway',
      user: GATEWAY_USER,
      after: ['frostbyte-control.service'],
      requires: [],
      capabilities: [],
      first: null,
      writes: [],
      // The flags of the kill-switch are all of the data that concerns it. It does not start where they cannot be shown.
      sees: { of: DATA, only: controlPaths(DATA).suspended },
      hidden: ['/var/lib/docker', '/run/docker.sock', '/home', '/root', '/boot', '/media', '/mnt'],
      families: ['AF_UNIX', 'AF_INET', 'AF_INET6'],
      reaches: [subnet, ...listens_to],
      namespaces: false,
      memory_max: '1G',
    },
  ];
}

/** A unit as systemd reads it. Every release writes the same bytes for the same description. */
export function unitFile(unit: Unit, { programs, settings }: Pick<HostLayout, 'programs' | 'settings'>): string {
  const lines = (key: string, values: readonly string[]) => (values.length === 0 ? [] : [`${key}=${values.join(' ')}`]);
  const { user, reaches, first, sees } = unit;
  const release = `${programs}/current`;
  return `${[
    '# Written by the installer of Frostbyte; frostbyte verify tells when it was changed.',
    '[Unit]',
    `Description=${unit.description}`,
    ...lines('After', unit.after),
    ...lines('Requires', unit.requires),
    // A crash in a loop is shown as one, not hidden by endless starts.
    'StartLimitIntervalSec=300',
    'StartLimitBurst=10',
    '',
    '[Service]',
    'Type=exec',
    ...(first === null ? [] : [`ExecStartPre=+${release}/${first}`]),
    `ExecStart=${release}/appliance/frostbyte serve --role ${unit.role} --config ${settings}/frostbyte.yaml`,
    'Restart=on-failure',
    'RestartSec=2',
    'TimeoutStopSec=90',
    'KillMode=mixed',
    ...(user === null ? [] : [`User=${user}`, `Group=${user}`]),
    ...(unit.role === 'control'
      ? ['RuntimeDirectory=frostbyte', 'RuntimeDirectoryMode=0711', 'RuntimeDirectoryPreserve=yes']
      : []),
    'UMask=0077',
    'LimitCORE=0',
    'LimitNOFILE=65536',
    `MemoryMax=${unit.memory_max}`,
    'MemorySwapMax=0',
    'TasksMax=2048',
    'OOMPolicy=continue',
    '',
    '# What it may not do',
    'NoNewPrivileges=yes',
    `CapabilityBoundingSet=${unit.capabilities.join(' ')}`,
    ...(user === null ? [] : ['AmbientCapabilities=']),
    'ProtectSystem=strict',
    ...lines('ReadWritePaths', unit.writes),
    ...(sees === null ? [] : [`TemporaryFileSystem=${sees.of}:ro`, `BindReadOnlyPaths=${sees.only}`]),
    ...lines(
      'InaccessiblePaths',
      unit.hidden.map((path) => `-${path}`),
    ),
    'PrivateTmp=yes',
    'ProtectClock=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'RestrictRealtime=yes',
    'LockPersonality=yes',
    'RemoveIPC=yes',
    'KeyringMode=private',
    'SystemCallArchitectures=native',
    `RestrictAddressFamilies=${unit.families.join(' ')}`,
    ...(unit.namespaces
      ? [
          'RestrictNamespaces=user net mnt pid ipc uts',
          'SystemCallFilter=@system-service @mount seccomp',
          'SystemCallFilter=~@swap @reboot @obsolete @raw-io @cpu-emulation @debug',
        ]
      : [
          'RestrictNamespaces=yes',
          'RestrictSUIDSGID=yes',
          'PrivateDevices=yes',
          'PrivateUsers=yes',
          'ProtectControlGroups=yes',
          'ProtectKernelTunables=yes',
          'ProtectProc=invisible',
          'ProcSubset=pid',
          'DevicePolicy=closed',
          'SystemCallFilter=@system-service',
          'SystemCallFilter=~@privileged @resources @obsolete @mount',
        ]),
    'SystemCallErrorNumber=EPERM',
    ...(reaches === null ? [] : ['IPAddressDeny=any', `IPAddressAllow=localhost ${reaches.join(' ')}`]),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`;
}
