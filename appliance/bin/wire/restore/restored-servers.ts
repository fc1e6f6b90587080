import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import { networkNumbers } from '../../../control/networks/numbers.ts';
import { stepNames } from '../../../control/provisioning/sequences.ts';
import { openRegistry } from '../../../control/registry/open.ts';
import { tenantsIn } from '../../../control/registry/tenants.ts';
import { PROBE_TENANT } from '../../../control/tenants/tenant-id.ts';
import { type Clock, systemClock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { besideFile, controlPaths, tenantNames, tenantPaths } from '../../../kernel/names.ts';
import { migratePostgresLogs, openPostgresLogs } from '../../../stores/log/postgres.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { BucketKeeper, bucketNames } from '../../../stores/object/minio/tenant-bucket.ts';
import { openMinioObjects } from '../../../stores/object/minio.ts';
import { openSqliteQueue } from '../../../stores/queue/sqlite.ts';
import type { RecordStore } from '../../../stores/record/port.ts';
import { openPostgresRecords } from '../../../stores/record/postgres.ts';
import { QdrantCollections } from '../../../stores/vector/qdrant/collection.ts';
import { openQdrantVectors } from '../../../stores/vector/qdrant.ts';
import { openSqliteVectors } from '../../../stores/vector/sqlite-vec.ts';
import { ROWS, VECTORS } from '../backup/files-source.ts';
import { treeHead } from '../backup/log-heads.ts';
import { serversSource } from '../backup/servers-source.ts';
import { ObjectsInto, unpackTenant } from '../backup/unpack-tenant.ts';
import { copyWholeLog } from '../backup/whole-log.ts';
import { reachableRecords } from '../embedded-resources.ts';
import { controlLogins } from '../stack/control-logins.ts';
import { CONTROL_DATABASE } from '../stack/logs.ts';
import { collectionsOf } from '../stack/vectors.ts';
import { refuseRestored, setAside, stagingFolder } from './restore-places.ts';
import type { RestoredStores } from './restored-stores.ts';
import { serverDatabases } from './server-databases.ts';
import { TakenTables } from './taken-tables.ts';

/** Where the logs are loaded before they take the place of those that a fresh box has. */
const LOGS_BESIDE = `${CONTROL_DATABASE}_restoring`;
/** Where the logs of the box that made way are kept, for whoever asks what it did. */
const LOGS_BEFORE = join('control', 'before-restore');

/**
 * Tenants on servers that are there and hold nobody’s tenants: a box that was just installed, or one with an empty data folder.
 * What is made is under the names that the tenants have, which nobody uses before the registry is in its place; the logs are
 * loaded into a database beside control’s own, and it takes its place by its name.
 */
export function restoredServers(config: Config): RestoredStores {
  const { data_folder: dataFolder } = config;
  const staging = stagingFolder(dataFolder);
  const logins = controlLogins(config);
  const databases = serverDatabases(logins);
  const relayed = new Map<string, RecordStore>();
  const bucketOf = (tenantId: string) => ({ ...logins.objects(), bucket: tenantNames(tenantId).bucket });
  const records = (tenantId: string, clock: Clock) =>
    openPostgresRecords(
      { ...logins.database(tenantNames(tenantId).database), connections: 2 },
      { tenant_id: tenantId, clock },
    );
  const withBucket = async (tenantId: string, work: (keeper: BucketKeeper) => Promise<void>) => {
    const keeper = new BucketKeeper(bucketOf(tenantId));
    await work(keeper).finally(() => keeper.close());
  };
  const withCollections = async (tenantId: string, work: (all: QdrantCollections, name: string) => Promise<void>) => {
    const address = logins.vectors();
    if (address === null) return;
    const collections = new QdrantCollections(address);
    try {
      for (const name of collectionsOf(tenantId)) await work(collections, name);
    } finally {
      await collections.close();
    }
  };
  const forget = async (tenantId: string): Promise<void> => {
    await databases.drop(tenantNames(tenantId).database);
    await withBucket(tenantId, (keeper) => keeper.destroy());
    await withCollections(tenantId, (all, name) => all.drop(name));
    rmSync(tenantPaths(staging, tenantId).folder, { recursive: true, force: true });
  };

  const endRelay = async (): Promise<void> => {
    for (const each of relayed.values()) await each.close();
    relayed.clear();
  };

  return {
    mode: 'stack',
    deletion: stepNames('deprovisioning', {
      network: NAMED,
      ...(config.stack.planes === 'containers' ? { containers: NAMED } : {}),
    } as unknown as Parameters<typeof stepNames>[1]),

    async refuseUsed() {
      refuseRestored(dataFolder);
      const probe = tenantNames(PROBE_TENANT);
      const used = [
        ...tenantsOf(dataFolder).map((tenantId) => `the tenant ${tenantId}`),
        ...(await databases.named('tenant_'))
          .filter((name) => name !== probe.database)
          .map((name) => `the database ${name}`),
        ...(await bucketNames(logins.objects()))
          .filter((name) => /^tenant-.*-bucket$/.test(name) && name !== probe.bucket)
          .map((name) => `the bucket ${name}`),
      ];
      if (used.length === 0) return;
      throw new FrostbyteError(
        'INVALID_STATE_TRANSITION',
        `Somebody uses this appliance: ${used.slice(0, 5).join(', ')}. A backup is restored onto one without tenants: install anew, or deprovision them.`,
        { details: [{ field: 'data', value: dataFolder, constraint: 'must have no tenants' }] },
      );
    },

    async clear(tenantIds) {
      for (const tenantId of tenantIds) await forget(tenantId);
      await databases.drop(LOGS_BESIDE);
    },
    async take(tenantId, plain, clock) {
      const { database } = tenantNames(tenantId);
      const { vectors } = tenantPaths(staging, tenantId);
      await databases.make(database);
      await withBucket(tenantId, (keeper) => keeper.make());
      await withCollections(tenantId, (all, name) => all.make(name));
      const tables = new TakenTables(logins.database(database), clock);
      const store = openMinioObjects(bucketOf(tenantId));
      const objects = new ObjectsInto(store);
      try {
        const part = await unpackTenant(plain, {
          fileOf(name) {
            if (name === ROWS)
              throw new FrostbyteError('OBJECT_CORRUPTED', `A tenant’s part of the backup holds ${ROWS}.`);
            return name === VECTORS ? vectors : besideFile(vectors);
          },
          rows: (name, file) => tables.add(name, file),
          object: (key, file) => objects.add(key, file),
        });
        await objects.end();
        await tables.end();
        return part;
      } finally {
        await tables.close();
        await store.close();
      }
    },
    forget,
    async open(tenantId, { clock }) {
      const address = logins.vectors();
      const { vectors, queue } = tenantPaths(staging, tenantId);
      mkdirSync(join(vectors, '..'), { recursive: true, mode: 0o700 });
      const [first, beside] = collectionsOf(tenantId);
      const inFile = (file: string) => openSqliteVectors(file, { appliedAt: clock.iso() });
      const inQdrant = (collection: string) => openQdrantVectors({ address: address!, collection });
      return {
        objects: openMinioObjects(bucketOf(tenantId)),
        records: await records(tenantId, clock),
        indexes:
          address === null ? [inFile(vectors), inFile(besideFile(vectors))] : [inQdrant(first), inQdrant(beside)],
        // Its server is made when the tenant is confirmed, and its jobs of the rows.
        queue: openSqliteQueue(queue, { clock }),
      };
    },
    async outbox(tenantId, clock) {
      const { database } = tenantNames(tenantId);
      const known = relayed.get(tenantId);
      if (known === undefined && !(await databases.named(database)).includes(database)) return null;
      const opened = known ?? (await records(tenantId, clock));
      relayed.set(tenantId, opened);
      return reachableRecords(opened);
    },

    endRelay,

    settle(registry, tenantIds) {
      // Networks are of a box: those that it has stay, and the tenants get the next ones.
      const here = withRegistry(dataFolder, (own) => [...networkNumbers(() => own).all()]) ?? [];
      registry.write(() => {
        registry.run('DELETE FROM tenant_networks');
        for (const [tenantId, number] of here)
          registry.run('INSERT INTO tenant_networks (number, tenant_id) VALUES (?, ?)', [number, tenantId]);
      });
      const numbers = networkNumbers(() => registry);
      for (const tenantId of tenantIds) numbers.take(tenantId);
    },

    async loadLogs(clock, progress) {
      const { logs: folder } = controlPaths(staging);
      await databases.drop(LOGS_BESIDE);
      await databases.make(LOGS_BESIDE);
      const login = logins.database(LOGS_BESIDE);
      await migratePostgresLogs(login, { clock });
      const opened = await openPostgresLogs({ ...login, connections: 2 }, { clock });
      try {
        const names = readdirSync(folder).flatMap((name) => /^(\w+)\.sqlite$/.exec(name)?.[1] ?? []);
        for (const [at, logId] of names.entries()) {
          const file = openSqliteLog(join(folder, `${logId}.sqlite`), { tenant_id: logId, clock });
          try {
            await copyWholeLog(file, opened.log(logId));
            const [before, now] = [await treeHead(file), await treeHead(opened.log(logId))];
            if (before.size !== now.size || before.root !== now.root)
              throw new FrostbyteError('AUDIT_CHAIN_BROKEN', `The log of ${logId} is another one once it was loaded.`);
          } finally {
            await file.close();
          }
          progress(at + 1, names.length);
        }
      } finally {
        await opened.close();
      }
    },

    async makeWay() {
      const { logs } = controlPaths(staging);
      if (existsSync(logs)) {
        await keepLogsBefore();
        rmSync(logs, { recursive: true, force: true });
      }
      setAside(dataFolder);
      await databases.replace(CONTROL_DATABASE, LOGS_BESIDE);
      for (const name of existsSync(join(staging, 'tenants')) ? readdirSync(join(staging, 'tenants')) : []) {
        const { queue } = tenantPaths(staging, name);
        for (const suffix of ['', '-wal', '-shm']) rmSync(queue + suffix, { force: true });
      }
    },
    async close() {
      await endRelay();
      await databases.close();
    },
  };

  /** What the box had logged so far, installation and its checks: kept as files beside what is restored. */
  async function keepLogsBefore(): Promise<void> {
    const folder = join(staging, LOGS_BEFORE);
    rmSync(folder, { recursive: true, force: true });
    if (!(await databases.named(CONTROL_DATABASE)).includes(CONTROL_DATABASE)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const clock = systemClock();
    const source = serversSource(config, { clock });
    try {
      for (const logId of ['_appliance', ...(await source.logs())])
        await source.copyLog(logId, join(folder, `${logId}.sqlite`));
    } finally {
      await source.close();
    }
  }
}

/** A place of a sequence that is there: its steps are in a plan. */
const NAMED = Object.freeze({});

/** Tenants that somebody has here. */
function tenantsOf(dataFolder: string): string[] {
  const used = ['PENDING', 'PROVISIONING', 'ACTIVE', 'SUSPENDED', 'DEPROVISIONING', 'FAILED'] as const;
  return withRegistry(dataFolder, (registry) => tenantsIn(registry, [...used]).map(({ tenant_id }) => tenant_id)) ?? [];
}

/** Null where there is no registry. */
function withRegistry<T>(dataFolder: string, work: (registry: ReturnType<typeof openRegistry>) => T): T | null {
  const { registry: file } = controlPaths(dataFolder);
  if (!existsSync(file)) return null;
  const registry = openRegistry(file, systemClock());
  try {
    return work(registry);
  } finally {
    registry.close();
  }
}
