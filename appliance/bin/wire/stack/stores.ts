import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StackStores } from '../../../api/plane/handover.ts';
import type { Config } from '../../../config/schema.ts';
import type { Holdings } from '../../../control/neighbours/storage.ts';
import type { TenantResource } from '../../../control/provisioning/port.ts';
import type { RedisServers } from '../../../control/redis-servers/port.ts';
import { SCRATCH_FOLDER } from '../../../control/stack/confinement.ts';
import { PROBE_TENANT } from '../../../control/tenants/tenant-id.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { folderWeight } from '../../../kernel/folder-weight.ts';
import { controlPaths, tenantNames, tenantPaths } from '../../../kernel/names.ts';
import { Turns } from '../../../kernel/turns.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { openTenantKeys } from '../../../secrets/keyring.ts';
import { type SecretName, secretsFile } from '../../../secrets/tenant-secrets.ts';
import { openMinioObjects } from '../../../stores/object/minio.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import { collectionToken } from '../../../stores/vector/qdrant/tokens.ts';
import { type Credentials, randomApiKey } from '../tenant-keys.ts';
import { derivedPassword } from './derived-password.ts';
import { endings } from './endings.ts';
import { type StackObjects, stackObjects } from './objects.ts';
import { INBOX, namedPlaneFolders, type PlaneFolder, VECTORS_SEEN } from './plane-folders.ts';
import { type StackQueue, stackQueue } from './queue.ts';
import { type StackRecords, stackRecords } from './records.ts';
import { onSameMount } from './same-mount.ts';
import type { StackServers } from './servers.ts';
import type { SharedServer } from './servers-health.ts';
import { collectionsOf, fileVectors, qdrantVectors, type StackVectors } from './vectors.ts';

/** Every store of the tenants on servers, as control has it. */
export interface TenantStores {
  objects: TenantResource;
  records: StackRecords;
  vectors: StackVectors;
  queue: TenantResource & Pick<StackQueue, 'isKnown'>;
  /** New values for every credential of a tenant, for its secrets file. */
  newCredentials(tenantId: string): Credentials;
  /**
   * Notes that the tenant's credentials are to be ended and runs `drain`, what its work in flight still has. Nobody is
   * started for the tenant meanwhile; whoever is from then on gets new ones. `end` or `revive` follows.
   */
  beforeEnd(tenantId: string, drain: () => Promise<void>, then: () => Promise<unknown>): Promise<void>;
  /**
   * Kill-switch (4): in every store the tenant's user is ended and its sessions with it. Each store by itself: one that is
   * down keeps none of the others. Durable: until `revive` nothing lives again. Throws `STORE_UNAVAILABLE` where a store
   * could not be reached; it is repeated until it could.
   */
  end(tenantId: string): Promise<void>;
  /** Ends again what could not be ended before. */
  endOpen(): Promise<void>;
  /** At a start: whoever is stopped has no live credentials, also where control died before it could end them. */
  endStopped(tenantIds: readonly string[]): Promise<void>;
  /** Whether the tenant's credentials were ended. */
  isEnded(tenantId: string): boolean;
  /**
   * Where the credentials were ended: new ones in the secrets file by `change`, for whoever revives the tenant. In turn with
   * who does that: the file must not change behind it, or the stores would know others than those in the file. Otherwise
   * nothing. Answers which.
   */
  changeEnded(tenantId: string, change: () => Promise<void>): Promise<boolean>;
  /**
   * Where the credentials were ended: new ones in the secrets file by `change`, and in every store a new user; the old ones
   * are dead on return. Otherwise nothing. Throws `SERVICE_UNAVAILABLE` while the tenant is being stopped.
   */
  revive(tenantId: string, change: () => Promise<void>): Promise<boolean>;
  /** What the tenant's data plane is handed. */
  handedOver(tenantId: string): Promise<StackStores>;
  /** The tenant's objects as control itself opens them. */
  openObjects(tenantId: string): ObjectStore;
  /** Each server that all tenants share, as control reaches it. */
  shared: readonly SharedServer[];
  /** What a tenant holds in the stores and folders whose disks all share. O(versions of its objects, files in its folders). */
  weigh(tenantId: string): Promise<Holdings>;
  /** Forgets that a tenant's credentials were ended: it goes. */
  forget(tenantId: string): Promise<void>;
  close(): Promise<void>;
}

const isInbox = (target: string): boolean => target.startsWith(INBOX);
const weightOf = async (folders: readonly PlaneFolder[]): Promise<number> =>
  (await Promise.all(folders.map(({ source }) => folderWeight(source)))).reduce((sum, each) => sum + each, 0);

/** What the pipeline makes of what it was given (`data/keys.ts`). */
const MADE: readonly string[] = ['normalized/', 'receipts/', 'exports/'];

export interface TenantStoresOptions {
  config: Config;
  clock: Clock;
  root: KeyPair;
  servers: StackServers;
  redis: RedisServers;
}

export function tenantStores({ config, clock, root, servers, redis }: TenantStoresOptions): TenantStores {
  const dataFolder = config.data_folder;
  const inContainers = config.stack.planes === 'containers';
  const turns = new Turns();
  const ended = endings(join(controlPaths(dataFolder).registry, '..', 'ended'));
  const secretOf = async (tenantId: string, name: SecretName): Promise<string | null> => {
    const { secrets: folder } = tenantPaths(dataFolder, tenantId);
    if (!existsSync(secretsFile(folder))) return null;
    return (await openTenantKeys(root, folder)).secrets.values[name] ?? null;
  };
  const need = async (tenantId: string, name: SecretName): Promise<string> => {
    const found = await secretOf(tenantId, name);
    if (found !== null) return found;
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no credentials for its stores.');
  };
  const asRoot = () => ({
    ...servers.objects,
    accessKey: servers.secret('objects_root_user'),
    secretKey: servers.secret('objects_root_password'),
  });

  const objects: StackObjects = stackObjects({
    ...asRoot(),
    credentialsOf: async (tenantId) => {
      const accessKey = await secretOf(tenantId, 'minio_access_key');
      const secretKey = await secretOf(tenantId, 'minio_secret_key');
      return accessKey === null || secretKey === null ? null : { accessKey, secretKey };
    },
  });
  const records: StackRecords = stackRecords({
    clock,
    ...servers.postgres,
    user: 'postgres',
    password: () => servers.secret('postgres_password'),
    hbaFolder: config.stack.hba_folder,
    asksCertificates: servers.asksCertificates,
    workers: config.workers.count,
    passwordOf: (tenantId) => secretOf(tenantId, 'postgres_password'),
    way: async (tenantId) => {
      const { postgres, from } = await servers.ways(tenantId);
      return { host: postgres, from };
    },
  });
  const vectors: StackVectors =
    servers.qdrant === null
      ? fileVectors({
          clock,
          file: (tenantId) => tenantPaths(dataFolder, tenantId).vectors,
          seenAs: (tenantId) => (inContainers ? VECTORS_SEEN : tenantPaths(dataFolder, tenantId).vectors),
        })
      : qdrantVectors({
          ...servers.qdrant,
          apiKey: servers.secret('qdrant_api_key'),
          tokenOf: (tenantId) => secretOf(tenantId, 'qdrant_token'),
          way: async (tenantId) => (await servers.ways(tenantId)).qdrant,
        });
  const queue: StackQueue = stackQueue({
    servers: redis,
    tls: servers.redis.tls,
    adminPasswordOf: (tenantId) => derivedPassword(root, `redis of ${tenantNames(tenantId).redisUser}`),
    passwordOf: (tenantId) => secretOf(tenantId, 'redis_password'),
  });
  const stores = { objects, records, vectors, queue };

  /** Tenants that are being stopped right now: their drain is not cut short. */
  const draining = new Set<string>();
  const endEach = async (tenantId: string): Promise<void> => {
    await ended.set(tenantId, 'ending');
    const names = Object.keys(stores) as (keyof typeof stores)[];
    const outcomes = await Promise.allSettled(names.map((name) => stores[name].disable(tenantId)));
    const open = names.filter((_, at) => outcomes[at]?.status === 'rejected');
    if (open.length === 0) return ended.set(tenantId, 'ended');
    throw new FrostbyteError(
      'STORE_UNAVAILABLE',
      `The tenant is stopped, but its credentials could not be ended yet in: ${open.join(', ')}. It is tried again.`,
      { cause: outcomes.find((outcome) => outcome.status === 'rejected')?.reason },
    );
  };

  return {
    ...stores,
    newCredentials: (tenantId) => ({
      minio_access_key: randomBytes(10).toString('hex').toUpperCase(),
      minio_secret_key: randomBytes(30).toString('base64url'),
      postgres_password: randomBytes(32).toString('base64url'),
      redis_password: randomBytes(32).toString('base64url'),
      ...(servers.qdrant === null
        ? {}
        : {
            qdrant_token: collectionToken(servers.secret('qdrant_api_key'), {
              collections: collectionsOf(tenantId),
              id: randomBytes(16).toString('hex'),
            }),
          }),
      tenant_api_key: randomApiKey(),
    }),
    async beforeEnd(tenantId, drain, then) {
      draining.add(tenantId);
      try {
        await ended.set(tenantId, 'ending');
        await drain();
        // In the line before anybody who waits for the end of the drain.
        const after = then();
        draining.delete(tenantId);
        await after;
      } finally {
        draining.delete(tenantId);
      }
    },
    end: (tenantId) => turns.take(tenantId, () => endEach(tenantId)),
    async endOpen() {
      for (const tenantId of ended.open()) {
        if (draining.has(tenantId)) continue;
        await turns.take(tenantId, async () => {
          // A renewal may have come first.
          if (ended.of(tenantId) === 'ending') await endEach(tenantId);
        });
      }
    },
    async endStopped(tenantIds) {
      for (const tenantId of tenantIds) if (ended.of(tenantId) === null) await ended.set(tenantId, 'ending');
    },
    isEnded: (tenantId) => ended.of(tenantId) !== null,
    changeEnded: (tenantId, change) =>
      turns.take(tenantId, async () => {
        if (ended.of(tenantId) === null) return false;
        await change();
        return true;
      }),
    revive: (tenantId, change) =>
      turns.take(tenantId, async () => {
        if (draining.has(tenantId)) {
          throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The tenant is being stopped.', { retryAfter: 1 });
        }
        if (ended.of(tenantId) === null) return false;
        await change();
        for (const store of Object.values(stores)) await store.renew(tenantId);
        await ended.clear(tenantId);
        return true;
      }),
    async handedOver(tenantId) {
      const { bucket, database, role } = tenantNames(tenantId);
      const ways = await servers.ways(tenantId);
      const { plane, worker } = await records.shareOf(tenantId);
      return {
        kind: 'stack',
        objects: {
          endpoint: ways.objects,
          bucket,
          access_key: await need(tenantId, 'minio_access_key'),
          secret_key: await need(tenantId, 'minio_secret_key'),
          tls: servers.objects.tls,
        },
        records: {
          host: ways.postgres,
          port: servers.postgres.port,
          database,
          user: role,
          password: await need(tenantId, 'postgres_password'),
          tls: servers.postgres.tls,
          connections: { plane, worker },
        },
        vectors: await vectors.handedOver(tenantId),
        queue: await queue.handedOver(tenantId),
        temporary: inContainers ? SCRATCH_FOLDER : controlPaths(dataFolder).temporary,
      };
    },
    openObjects: (tenantId) => openMinioObjects({ ...asRoot(), bucket: tenantNames(tenantId).bucket }),
    shared: [
      { name: 'objects', check: () => objects.answers(PROBE_TENANT) },
      { name: 'records', check: () => records.answers() },
      { name: 'vectors', check: () => vectors.answers() },
    ],
    async weigh(tenantId) {
      const folders = namedPlaneFolders(config, tenantId);
      const [held, database, points, inbox, files] = await Promise.all([
        objects.held(tenantId),
        records.held(tenantId),
        vectors.held(tenantId),
        // What waits there is given as much as what was taken from it. On a disk or share of its own it fills nobody's.
        weightOf(folders.filter(({ source, target }) => isInbox(target) && onSameMount(source, dataFolder))),
        weightOf(folders.filter(({ target }) => !isInbox(target))),
      ]);
      let [given, made] = [inbox, database + points + files];
      for (const [first, bytes] of held) {
        if (MADE.includes(first)) made += bytes;
        else given += bytes;
      }
      return { given, made };
    },
    forget: (tenantId) => ended.clear(tenantId),
    async close() {
      objects.close();
      await Promise.all([records.close(), vectors.close(), queue.close()]);
    },
  };
}
