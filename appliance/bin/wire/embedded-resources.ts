import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ResealedObject, TenantResource, TenantResources } from '../../control/provisioning/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { besideFile, tenantPaths } from '../../kernel/names.ts';
import { open as openSealed, seal } from '../../secrets/age-file.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { openTenantKeys } from '../../secrets/keyring.ts';
import { sealObjects } from '../../secrets/sealed-objects.ts';
import { syncFolder } from '../../secrets/secret-file.ts';
import { watchStorageKeys } from '../../secrets/watch-storage-keys.ts';
import { openFilesystemObjects } from '../../stores/object/filesystem.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';
import type { AuditOutbox, RecordStore } from '../../stores/record/port.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import { checkObjects, checkQueue, checkVectors } from './canaries.ts';
import { embeddedIsolation, STORES } from './embedded-isolation.ts';
import { objectTurns } from './object-turns.ts';
import { presenceIn } from './presence.ts';
import { needsAnother, resealStore } from './reseal.ts';
import { tenantKeyResources } from './tenant-keys.ts';

/** The tenants' files in embedded mode (spec 3, row "embedded"), as provisioning makes and destroys them. */

/** What control may ask a tenant's records. */
export interface ReachableRecords extends AuditOutbox {
  presence(kind: 'batch' | 'document', id: string): ReturnType<TenantResources['presence']>;
}

/** A record store as control may ask it. */
export function reachableRecords(records: RecordStore): ReachableRecords {
  return {
    pendingEvents: (limit) => records.pendingEvents(limit),
    markRelayed: (positions) => records.markRelayed(positions),
    presence: (kind, id) => presenceIn(records, kind, id),
  };
}

/** The data planes that run, in this process or in their own. */
export interface RunningPlanes {
  /** The records of a tenant that runs, for relay and holds; null when it does not. */
  records(tenantId: string): ReachableRecords | null;
  /** Ends a tenant's work within `drainMs` and closes its stores. */
  stop(tenantId: string, drainMs: number): Promise<void>;
}

export interface EmbeddedOptions {
  dataFolder: string;
  clock: Clock;
  root: KeyPair;
  /** Without it nothing runs in this process (the command line). */
  planes?: RunningPlanes;
  /** Where the `sqlite-vec` extension lies; bundled programs must give it. */
  vectorExtension?: string;
}

export interface EmbeddedResources extends TenantResources {
  /** Closes what was opened for the relay. */
  close(): Promise<void>;
}

/** The tenants' resources as folders and SQLite files below a data folder. Nothing is opened before it is used. */
export function embeddedResources(options: EmbeddedOptions): EmbeddedResources {
  const { dataFolder, clock, root, planes } = options;
  const at = (tenantId: string) => tenantPaths(dataFolder, tenantId);
  const vectorOptions = {
    appliedAt: clock.iso(),
    ...(options.vectorExtension === undefined ? {} : { extensionPath: options.vectorExtension }),
  };
  const openVectors = (file: string) => openSqliteVectors(file, vectorOptions);
  const openObjects = (tenantId: string) =>
    sealObjects(
      openFilesystemObjects(at(tenantId).objects),
      watchStorageKeys(root, at(tenantId).secrets),
      objectTurns(tenantId),
    );
  const openRecords = (tenantId: string) => openSqliteRecords(at(tenantId).records, { tenant_id: tenantId, clock });

  const relayed = new Map<string, RecordStore>();
  const closeRelayed = async (tenantId: string): Promise<void> => {
    const records = relayed.get(tenantId);
    relayed.delete(tenantId);
    await records?.close();
  };

  /** The tenant's records, of its running plane or opened for control; null where it has none (any more). */
  const reachable = (tenantId: string): ReachableRecords | null => {
    const running = planes?.records(tenantId);
    if (running) return running;
    let records = relayed.get(tenantId);
    if (records === undefined) {
      if (!existsSync(at(tenantId).records)) return null;
      records = openRecords(tenantId);
      relayed.set(tenantId, records);
    }
    return reachableRecords(records);
  };

  /** A SQLite file of the tenant: made by opening it. `beside`: another that goes with it. */
  const sqliteFile = (
    file: (tenantId: string) => string,
    check: (tenantId: string) => Promise<void>,
    beside: (file: string) => string[] = () => [],
  ): TenantResource => ({
    make: async (tenantId) => {
      await makeFolder(dirname(file(tenantId)));
      await check(tenantId);
      await syncFolder(dirname(file(tenantId)));
    },
    check: async (tenantId) => {
      await needFile(file(tenantId));
      await check(tenantId);
    },
    destroy: async (tenantId) => {
      await closeRelayed(tenantId);
      for (const path of pathsOf(file(tenantId), beside)) await rm(path, { force: true });
      await syncAndPrune(dirname(file(tenantId)));
    },
    isGone: async (tenantId) => pathsOf(file(tenantId), beside).every((path) => !existsSync(path)),
  });

  const resources: EmbeddedResources = {
    ...tenantKeyResources({ dataFolder, clock, root }),
    objects: {
      make: async (tenantId) => {
        await makeFolder(at(tenantId).folder);
        await openObjects(tenantId).close();
        await syncFolder(at(tenantId).folder);
      },
      check: async (tenantId) => {
        await needFile(at(tenantId).objects);
        await checkObjects(openObjects(tenantId));
      },
      destroy: async (tenantId) => {
        await rm(at(tenantId).objects, { recursive: true, force: true, maxRetries: 3 });
        await syncAndPrune(at(tenantId).folder);
      },
      isGone: async (tenantId) => !existsSync(at(tenantId).objects),
      reseal: (tenantId, after) => resealed(tenantId, after),
      needStorage: (tenantId, version) => needStorage(tenantId, version),
    },
    records: sqliteFile(
      (tenantId) => at(tenantId).records,
      async (tenantId) => {
        const records = openRecords(tenantId);
        await records.check().finally(() => records.close());
      },
    ),
    vectors: sqliteFile(
      (tenantId) => at(tenantId).vectors,
      (tenantId) => checkVectors(openVectors(at(tenantId).vectors)),
      (file) => [besideFile(file)],
    ),
    queue: sqliteFile(
      (tenantId) => at(tenantId).queue,
      (tenantId) => checkQueue(openSqliteQueue(at(tenantId).queue, { clock })),
    ),

    stop: async (tenantId, drainMs) => {
      await planes?.stop(tenantId, drainMs);
      await closeRelayed(tenantId);
    },
    outbox: async (tenantId) => reachable(tenantId),
    presence: async (tenantId, kind, id) => {
      const look = async () => (await reachable(tenantId)?.presence(kind, id)) ?? 'missing';
      try {
        return await look();
      } catch (error) {
        // A suspension closes the tenant's stores under our hands; the next look opens them for us alone.
        if (!isFrostbyteError(error, 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE')) throw error;
        return look();
      }
    },
    isolated: { own: STORES, foreign: ['secrets', 'objects', 'records', 'vectors', 'paths', 'audit'] },
    isolation: (tenantId, targets) =>
      embeddedIsolation(
        {
          dataFolder,
          root,
          resources,
          openObjects,
          openPlain: openFilesystemObjects,
          openRecords: openFile,
          openVectors,
        },
        tenantId,
        targets,
      ),

    sealWithRoot: (bytes) => seal([root.recipient], bytes),
    openWithRoot: (sealed) => openSealed([root.identity], sealed),
    close: async () => {
      for (const tenantId of [...relayed.keys()]) await closeRelayed(tenantId);
    },
  };
  /** Each object sealed for the newest storage identity. */
  async function* resealed(tenantId: string, after: string | null): AsyncIterable<ResealedObject> {
    const { objects, secrets } = at(tenantId);
    await needFile(objects);
    const store = openFilesystemObjects(objects);
    try {
      yield* resealStore(store, { keys: watchStorageKeys(root, secrets), turns: objectTurns(tenantId) }, after);
    } finally {
      await store.close();
    }
  }
  async function needStorage(tenantId: string, version: number): Promise<boolean> {
    const { secrets } = await openTenantKeys(root, at(tenantId).secrets);
    const others = secrets.storage.filter(({ number }) => number !== version).map(({ pair }) => pair.identity);
    await needFile(at(tenantId).objects);
    const store = openFilesystemObjects(at(tenantId).objects);
    return needsAnother(store, others).finally(() => store.close());
  }
  /** Records at any path, under a tenant's name: what the isolation check tries with another tenant's file. */
  function openFile(file: string, tenantId: string): RecordStore {
    return openSqliteRecords(file, { tenant_id: tenantId, clock });
  }
  return resources;
}

const SQLITE_SUFFIXES = ['-wal', '-shm', '-journal', ''] as const;

function pathsOf(file: string, beside: (file: string) => string[]): string[] {
  return [file, ...beside(file)].flatMap((path) => SQLITE_SUFFIXES.map((suffix) => path + suffix));
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(folder));
}

/** What a check opens must be there already: opening must not make it anew and call that healthy. */
async function needFile(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) throw new FrostbyteError('STORE_UNAVAILABLE', 'A store of the tenant is missing.');
  if (found.isSymbolicLink()) throw new FrostbyteError('ISOLATION_VIOLATED', 'A store of the tenant is a link.');
}

/** Makes deletions in a tenant's folder durable and removes the folder once nothing is in it. */
async function syncAndPrune(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  await syncFolder(folder);
  if ((await readdir(folder)).length > 0) return;
  await rmdir(folder);
  await syncFolder(dirname(folder));
}
