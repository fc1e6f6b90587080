import { CORE_NETWORKS, networkPlan, PORTS } from './addresses.ts';
import type { Limits, MemoryFolder } from './confinement.ts';
import { IMAGE_USERS, type ImageName } from './images.ts';
import { QDRANT_FOLDER } from './qdrant-config.ts';
import { REDIS_FOLDERS } from './tenant-services.ts';

/** What whoever starts the core stack gives it, by the environment. */
export const GIVEN = Object.freeze({
  release: { name: 'FROSTBYTE_RELEASE', what: 'tag of the images' },
  secrets: {
    name: 'FROSTBYTE_SECRETS',
    what: 'folder of the secret files, on memory in production, each readable by its service’s user alone',
  },
  hba: {
    name: 'FROSTBYTE_HBA',
    what: 'folder in which control says who may come in to PostgreSQL, and from where',
  },
  signatures: { name: 'FROSTBYTE_SIGNATURES', what: 'folder of the malware signatures' },
  vectors: { name: 'FROSTBYTE_VECTORS_FOLDER', what: 'folder of the vectors, its user’s alone; for qdrant.yaml' },
});

/** The tag of one service’s image, where it is another release’s than that of the others. */
export const givenRelease = (service: CoreService['name']): string => `${GIVEN.release.name}_${service.toUpperCase()}`;

/** A file that a service finds in `/run/secrets`. */
export type Secret =
  | 'postgres_password'
  | 'objects_root_user'
  | 'objects_root_password'
  | 'redis_password'
  | 'qdrant_config.yaml'
  | 'clients_authority'
  | `${'postgres' | 'objects' | 'redis' | 'qdrant'}_${'certificate' | 'key'}`;

export type CoreMount =
  | { volume: CoreVolume; target: string; writable: boolean; copiesFromImage: boolean }
  | { folder: 'hba' | 'signatures'; target: string };

/**
 * One of the core stack: what is its own. What it is held to beside that is the same for all (`confinement.ts`); it is in
 * the network and at the address of `CORE_PLACES`, or in none at all.
 */
export interface CoreService {
  name: 'postgres' | 'objects' | 'redis' | 'clamav' | 'scanner' | 'qdrant';
  remark?: string;
  image: ImageName;
  /** Whom it is started as, where the image says another: number and group. */
  user?: number;
  /** In place of what the image starts. */
  program?: string;
  /** Behind the image's entrypoint; `subnet` is the first half of all addresses. Default: what the image says. */
  command?: (subnet: string) => readonly string[];
  mounts?: readonly CoreMount[];
  secrets?: readonly Secret[];
  /** Those that it speaks TLS with, where it is to. */
  tlsSecrets?: readonly Secret[];
  memoryFolders?: readonly MemoryFolder[];
  /** Memory that its processes share, in the limit of its memory. Default: the engine's. */
  sharedMemoryMb?: number;
  limits: Limits;
  /** The longest that asking it to end may take before it is ended. */
  stopSeconds: number;
  /** Where the image brings no check of its own: whether it works, in plain and over TLS. */
  check?: { plain: readonly string[]; tls: readonly string[] };
  /** How often the check that its image brings is made, where others wait for it. Default: the image's. */
  checkEverySeconds?: number;
  /** Started once these are healthy by their own check. */
  after?: readonly CoreService['name'][];
}

/**
 * The core stack: the stores that control hands out to tenants, and the scanner. Static; tenants' networks and containers
 * are control's, by `tenant-services.ts` and the same confinement.
 */
export const CORE_SERVICES: readonly CoreService[] = Object.freeze([
  {
    name: 'postgres',
    image: 'postgres',
    mounts: [
      { volume: 'postgres', target: '/var/lib/postgresql', writable: true, copiesFromImage: true },
      { folder: 'hba', target: '/etc/frostbyte/hba' },
    ],
    secrets: ['postgres_password'],
    tlsSecrets: ['postgres_certificate', 'postgres_key', 'clients_authority'],
    memoryFolders: [{ path: '/run/postgresql', uid: IMAGE_USERS.postgres, sizeMb: 1 }],
    sharedMemoryMb: 512,
    limits: { memoryMb: 6144, cpus: 2, processes: 700, openFiles: 16_384 },
    stopSeconds: 60,
  },
  {
    name: 'objects',
    remark: 'Administration and temporary credentials: from the stores’ network only.',
    image: 'objects',
    command: (subnet) => [
      `--control=${networkPlan(subnet, CORE_NETWORKS.stores).cidr}`,
      ...['--', '/usr/bin/minio', 'server', '--quiet', '--address=127.0.0.1:9001', '/data'],
    ],
    mounts: [{ volume: 'objects', target: '/data', writable: true, copiesFromImage: true }],
    secrets: ['objects_root_user', 'objects_root_password'],
    tlsSecrets: ['objects_certificate', 'objects_key', 'clients_authority'],
    memoryFolders: [{ path: '/tmp', uid: IMAGE_USERS.objects, sizeMb: 16 }],
    limits: { memoryMb: 2048, cpus: 2, processes: 512, openFiles: 16_384 },
    stopSeconds: 30,
  },
  {
    name: 'redis',
    remark: 'The limits that all gateways share. They may be forgotten: nothing is written to disk.',
    image: 'redis',
    command: () => ['--maxmemory', '64mb', '--maxmemory-policy', 'volatile-ttl'],
    secrets: ['redis_password'],
    tlsSecrets: ['redis_certificate', 'redis_key'],
    memoryFolders: REDIS_FOLDERS,
    limits: { memoryMb: 192, cpus: 1, processes: 64, openFiles: 16_384 },
    stopSeconds: 10,
  },
  {
    name: 'clamav',
    remark:
      'clamd reads hostile files and obeys anyone who reaches it: it has no network, and one socket for one user. What is\n' +
      'being scanned lies in /scratch, in the clear: in memory, never on disk.',
    image: 'clamav',
    mounts: [
      { folder: 'signatures', target: '/var/lib/clamav' },
      { volume: 'scanning', target: '/run/clamd', writable: true, copiesFromImage: false },
    ],
    memoryFolders: [{ path: '/scratch', uid: IMAGE_USERS.clamav, sizeMb: 1024 }],
    limits: { memoryMb: 4096, cpus: 2, processes: 64, openFiles: 4096 },
    stopSeconds: 10,
    checkEverySeconds: 5,
  },
  {
    name: 'scanner',
    remark:
      'The way to clamd, which obeys anyone: it lets scans through and nothing else. Control attaches it to tenants’ networks.',
    image: 'appliance',
    command: () => [
      ...['serve', '--role', 'scanner'],
      `--listen=0.0.0.0:${PORTS.scanner}`,
      '--clamd=/run/clamd/clamd.sock',
    ],
    mounts: [{ volume: 'scanning', target: '/run/clamd', writable: false, copiesFromImage: false }],
    memoryFolders: [{ path: '/tmp', uid: IMAGE_USERS.appliance, sizeMb: 16 }],
    limits: { memoryMb: 256, cpus: 1, processes: 64, openFiles: 4096 },
    stopSeconds: 5,
    checkEverySeconds: 10,
    after: ['clamav'],
  },
]);

/** Whether something is behind the port, by what a Debian without any client has; over TLS that it is open must do. */
const OPENS = `exec 3<>/dev/tcp/127.0.0.1/${PORTS.qdrant}`;
const IS_READY = `${OPENS} && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3`;

/**
 * Qdrant, where the bundle brings it (`compose/qdrant.yaml`). The image comes from elsewhere and would run as root; what it is
 * told is all in one secret file (`qdrant-config.ts`), its key among it.
 */
export const QDRANT_SERVICE: CoreService = Object.freeze<CoreService>({
  name: 'qdrant',
  image: 'qdrant',
  user: IMAGE_USERS.qdrant,
  program: '/qdrant/qdrant',
  command: () => ['--config-path', '/run/secrets/qdrant_config.yaml'],
  mounts: [{ volume: 'vectors', target: QDRANT_FOLDER, writable: true, copiesFromImage: false }],
  secrets: ['qdrant_config.yaml'],
  tlsSecrets: ['qdrant_certificate', 'qdrant_key', 'clients_authority'],
  memoryFolders: [{ path: '/tmp', uid: IMAGE_USERS.qdrant, sizeMb: 16 }],
  limits: { memoryMb: 4096, cpus: 2, processes: 512, openFiles: 16_384 },
  stopSeconds: 60,
  check: { plain: ['bash', '-c', IS_READY], tls: ['bash', '-c', OPENS] },
});

/** Volumes of the core stack: what they keep, or that they are memory, and whose. */
export const CORE_VOLUMES = Object.freeze({
  postgres: { keeps: 'rows' },
  objects: { keeps: 'objects' },
  // clamd's socket: clamd makes it, and the scanner's group, which it gets from the folder, may connect.
  scanning: { memory: { uid: IMAGE_USERS.clamav, gid: IMAGE_USERS.appliance, mode: '2750', sizeMb: 1 } },
  // The engine would make it root's, and Qdrant is not root: a folder that control makes.
  vectors: { keeps: 'vectors', folder: 'vectors' },
} as const);
export type CoreVolume = keyof typeof CORE_VOLUMES;
