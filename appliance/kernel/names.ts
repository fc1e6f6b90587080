import { join } from 'node:path';
import { checkTenantId } from './ids.ts';
import { secondOf } from './second-of.ts';

/** First half of all addresses of containers, where nothing else is configured. */
export const DEFAULT_SUBNET = '172.28';

/**
 * Every name that is built from a tenant id, in one place (spec 3): identifiers, buckets, key prefixes and paths.
 * The id is checked here, so no caller can build a name from anything else.
 */
export interface TenantNames {
  bucket: string;
  /** Of the object store's users of this tenant. */
  objectPolicy: string;
  database: string;
  role: string;
  collection: string;
  redisPrefix: string;
  redisUser: string;
  network: string;
}

export function tenantNames(tenantId: string): TenantNames {
  const id = checkTenantId(tenantId);
  return {
    bucket: `tenant-${id}-bucket`,
    objectPolicy: `tenant_${id}`,
    database: `tenant_${id}`,
    role: `tenant_${id}_user`,
    collection: `tenant_${id}`,
    redisPrefix: `tenant:${id}:`,
    redisUser: `tenant_${id}_user`,
    network: `tenant_${id}`,
  };
}

/** The second of a tenant's two vector indexes has the name of the first and this mark: no tenant id holds a `_` or `.`. */
export function besideCollection(collection: string): string {
  return `${collection}_r1`;
}

/** As `besideCollection`, where the vectors lie in a file. */
export function besideFile(file: string): string {
  return file.replace(/(?:\.sqlite)?$/, '.r1.sqlite');
}

/** The files of one tenant in embedded mode, below the data folder (spec 3, row "embedded"). */
export interface TenantPaths {
  folder: string;
  objects: string;
  records: string;
  vectors: string;
  queue: string;
  /** Identities, wrapped; outside the tenant's folder, with the other secrets. */
  secrets: string;
  /** Its keys for the recovery recipient; in no backup. */
  escrow: string;
}

export function tenantPaths(dataFolder: string, tenantId: string): TenantPaths {
  const id = checkTenantId(tenantId);
  const folder = join(dataFolder, 'tenants', id);
  return {
    folder,
    objects: join(folder, 'objects'),
    records: join(folder, 'records.sqlite'),
    vectors: join(folder, 'vectors.sqlite'),
    queue: join(folder, 'queue.sqlite'),
    secrets: join(dataFolder, 'secrets', 'tenants', id),
    escrow: join(dataFolder, 'secrets', 'escrow', `${id}.age`),
  };
}

/** The control plane's files in embedded mode. */
export interface ControlPaths {
  registry: string;
  /** Held exclusively by the one daemon of a data folder. */
  lock: string;
  /** How far time was when it was last looked at. */
  clock: string;
  rootKey: string;
  /** Which recovery recipient is named and proven. */
  recovery: string;
  /** The core stores' administrative secrets, a SOPS file for the root key. */
  coreSecrets: string;
  /** What Qdrant of the core stack keeps: its user's alone. */
  vectors: string;
  /** Ed25519 key pairs that sign tokens and seam assertions, wrapped to the root key. */
  signingKeys: string;
  /** One synced file per suspended tenant; that it is there is the message, inside is who asked and why. */
  suspended: string;
  logs: string;
  /** What was measured over time; may be lost without anything else. */
  measures: string;
  temporary: string;
}

export function controlPaths(dataFolder: string): ControlPaths {
  return {
    registry: join(dataFolder, 'control', 'registry.sqlite'),
    lock: join(dataFolder, 'control', 'lock.sqlite'),
    clock: join(dataFolder, 'control', 'clock'),
    rootKey: join(dataFolder, 'secrets', 'root.age'),
    recovery: join(dataFolder, 'secrets', 'recovery.json'),
    coreSecrets: join(dataFolder, 'secrets', 'stores.sops.yaml'),
    vectors: join(dataFolder, 'qdrant'),
    signingKeys: join(dataFolder, 'secrets', 'signing'),
    suspended: join(dataFolder, 'control', 'suspended'),
    logs: join(dataFolder, 'control', 'audit'),
    measures: join(dataFolder, 'control', 'measures.sqlite'),
    temporary: join(dataFolder, 'tmp'),
  };
}

/** The audit log file of a tenant (or of `_appliance`). */
export function logPath(dataFolder: string, logId: string): string {
  return join(controlPaths(dataFolder).logs, `${logId === '_appliance' ? logId : checkTenantId(logId)}.sqlite`);
}

/** Where audit exports wait to be fetched. */
export function exportFolder(dataFolder: string): string {
  return join(dataFolder, 'control', 'exports');
}

/** The sockets of an appliance that runs as several processes. */
export interface RunPaths {
  /** Control's verbs. */
  control: string;
  /** The data planes' sockets. */
  planes: string;
}

export function runPaths(runFolder: string): RunPaths {
  return { control: join(runFolder, 'control', 'verbs.sock'), planes: join(runFolder, 'planes') };
}

/** What a support bundle is called that was made at that moment. */
export const supportBundleName = (at: Date): string => `frostbyte-support-${secondOf(at)}.tar.gz`;
