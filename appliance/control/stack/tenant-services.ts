import type { TenantRole } from '../engine/labels.ts';
import type { ContainerLimits, Limits, MemoryFolder } from './confinement.ts';
import { IMAGE_USERS, type ImageName } from './images.ts';

/** What the limits of tenants' containers follow from. */
export interface Box {
  processors: number;
  /** What one document may take of a parser. */
  parserMemoryMb: number;
  /** How many documents a data plane has at work. */
  atWork: number;
}

/** One that control makes, as far as all of its kind are alike. */
export interface ControlService {
  /** The user that it runs as; its group has the same number. */
  uid: number;
  limits: ContainerLimits;
}

/** Redis, of gateways and of tenants: where it writes. */
export const REDIS_FOLDERS: readonly MemoryFolder[] = Object.freeze([
  { path: '/run/redis', uid: IMAGE_USERS.redis, sizeMb: 1 },
  { path: '/data', uid: IMAGE_USERS.redis, sizeMb: 1 },
]);

/** What a tenant's queue may hold; full, the server refuses rather than forgets. */
const QUEUE_MB = 64;

/** A tenant's queue. Its memory: with what clients' buffers and the server itself take beside what it holds. */
export const TENANT_REDIS = Object.freeze({
  image: 'redis',
  uid: IMAGE_USERS.redis,
  command: Object.freeze(['--maxmemory', `${QUEUE_MB}mb`, '--maxmemory-policy', 'noeviction', '--maxclients', '512']),
  limits: Object.freeze({ memoryMb: 128, cpus: 0.5, processes: 64, openFiles: 4096 } satisfies Limits),
  memoryFolders: REDIS_FOLDERS,
} as const);

/** What data planes, parsers, isolation checks and the embedder are started from. */
export const OWN_IMAGE = 'appliance' satisfies ImageName;

/** The users that data planes and parsers run as. Of all tenants the same: it is containers that part those. */
const [PLANE_UID, PARSER_UID] = [7020, 7021];
const EMBEDDER_UID = 7022;
/** Beside the documents at work, which each have their share, the parser itself. */
const PARSER_OWN_MB = 512;
/** Beside models: Node, twice for each. */
const EMBEDDER_OWN_MB = 512;

/** A tenant's, but for its queue. So much that half the box is left to others, whatever it does (spec 3, "Noisy neighbour"). */
export function tenantServices(box: Box): Readonly<Record<Exclude<TenantRole, 'redis'>, ControlService>> {
  const cpus = Math.max(1, box.processors / 2);
  // A document at work lies in the scratch, in the clear: in memory, never on a disk.
  const plane = { memoryMb: 3072, cpus, processes: 256, openFiles: 8192, scratchMb: 1280 };
  const parser = {
    memoryMb: PARSER_OWN_MB + box.parserMemoryMb * Math.min(2, box.atWork),
    cpus,
    processes: 256,
    openFiles: 4096,
    scratchMb: 64,
  };
  return {
    'data-plane': { uid: PLANE_UID, limits: plane },
    parser: { uid: PARSER_UID, limits: parser },
    isolation: { uid: PLANE_UID, limits: { ...plane, memoryMb: 512, scratchMb: 16 } },
  };
}

/** The one that embeds for all tenants: a session for documents and one for questions, of each model. */
export function embedderService(processors: number, modelsMb: readonly number[]): ControlService {
  return {
    uid: EMBEDDER_UID,
    limits: {
      memoryMb: EMBEDDER_OWN_MB + modelsMb.reduce((sum, each) => sum + 2 * each, 0),
      cpus: processors,
      processes: 256,
      openFiles: 16_384,
      scratchMb: 16,
    },
  };
}
