import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { FrostbyteError } from '../kernel/errors.ts';
import { IN_A_UNIT, runsAsUnit } from './systemd.ts';

/** How a process is run apart from who starts it. */
export interface Apart {
  /** Words before its command. */
  words: readonly string[];
  /** Ends it, also where it hangs. Nothing there is no error. */
  kill(): Promise<void>;
}

export interface RelayPlace {
  /** The endpoint’s address, as the settings name it. */
  url: string;
  /** Where it makes sockets. */
  runFolder: string;
  /** Nothing of it concerns the relay. */
  dataFolder: string;
  /** Its key, and the authority of the endpoint’s certificate. */
  reads: readonly string[];
}

const RELAY_UNIT = 'frostbyte-relay.service';
const CONTROL_UNIT = 'frostbyte-control.service';
const KILL_MS = 10_000;

/**
 * Online mode's one opening has a unit of its own where systemd runs control (spec 7, "Compose"): it reaches loopback, the
 * addresses of the endpoint and nothing else, while control's own unit reaches none of them. It lives for as long as its standard input
 * is open, and never longer than control. Null where nothing like that runs. Throws `CONFIG_INVALID` where the endpoint’s name
 * leads nowhere: it is asked of this host alone, since no other resolver is reached from here.
 */
export async function relayUnit(place: RelayPlace, isUnit = runsAsUnit()): Promise<Apart | null> {
  if (!isUnit) return null;
  const addresses = await addressesOf(new URL(place.url).hostname.replace(/^\[|\]$/g, ''));
  return {
    words: [
      ...IN_A_UNIT,
      `--unit=${RELAY_UNIT}`,
      ...propertiesOf(place, addresses).map((property) => `--property=${property}`),
      '--',
    ],
    async kill() {
      // One that is not there is not killed, and systemctl says so.
      await promisify(execFile)('systemctl', ['kill', '--signal=KILL', RELAY_UNIT], { timeout: KILL_MS }).catch(
        () => undefined,
      );
    },
  };
}

function propertiesOf({ runFolder, dataFolder, reads }: RelayPlace, addresses: readonly string[]): string[] {
  const isRead = reads.some((path) => path.startsWith(`${dataFolder}/`));
  const hidden = ['/var/lib/docker', '/run/docker.sock', '/home', '/root', '/boot', '/media', '/mnt'];
  return [
    'Description=Frostbyte: the way to the embedding endpoint',
    `BindsTo=${CONTROL_UNIT}`,
    'IPAddressDeny=any',
    `IPAddressAllow=127.0.0.0/8 ::1/128 ${addresses.join(' ')}`,
    'CapabilityBoundingSet=',
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    `ReadWritePaths=${runFolder}`,
    `InaccessiblePaths=${[...hidden, ...(isRead ? [] : [dataFolder])].map((path) => `-${path}`).join(' ')}`,
    ...['PrivateTmp', 'PrivateDevices', 'ProtectClock', 'ProtectHostname', 'ProtectKernelLogs'].map(
      (on) => `${on}=yes`,
    ),
    ...['ProtectKernelModules', 'ProtectKernelTunables', 'ProtectControlGroups'].map((on) => `${on}=yes`),
    ...['RestrictRealtime', 'RestrictNamespaces', 'RestrictSUIDSGID', 'LockPersonality'].map((on) => `${on}=yes`),
    'KeyringMode=private',
    'SystemCallArchitectures=native',
    'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources @obsolete @mount',
    'SystemCallErrorNumber=EPERM',
    'UMask=0077',
    'LimitCORE=0',
    'MemoryMax=512M',
    'MemorySwapMax=0',
    'TasksMax=256',
    'OOMScoreAdjust=500',
  ];
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return [...new Set((await lookup(host, { all: true })).map(({ address }) => address))].sort();
  } catch (cause) {
    throw new FrostbyteError(
      'CONFIG_INVALID',
      `This host knows no address of ${host}, where embedder.endpoint.url points to. Write it into /etc/hosts.`,
      { cause, details: [{ field: 'embedder.endpoint.url', value: host, constraint: 'known to this host by itself' }] },
    );
  }
}
