import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TenantResource, TenantResources } from '../../control/provisioning/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { tenantPaths } from '../../kernel/names.ts';
import { open as openSealed, seal } from '../../secrets/age-file.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { createTenantKeys, destroyTenantKeys, openStorageKeys, openTenantKeys } from '../../secrets/keyring.ts';
import { sealObjects } from '../../secrets/sealed-objects.ts';
import { destroySecret, readSecret, syncFolder, writeSecret } from '../../secrets/secret-file.ts';
import { openFilesystemObjects } from '../../stores/object/filesystem.ts';
import { openSqliteQueue } from '../../stores/queue/sqlite.ts';
import type { AuditOutbox, RecordStore } from '../../stores/record/port.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import { checkObjects, checkQueue, checkVectors } from './embedded-canaries.ts';
import { embeddedIsolation } from './embedded-isolation.ts';

/** The tenants' files in embedded mode (spec 3, row "embedded"), as provisioning makes and destroys them. */

/** What control may ask a tenant's records. */
export type ReachableRecords = AuditOutbox & Pick<RecordStore, 'batch' | 'document' | 'erasing'>;

/** The data planes that run in this process. */
export interface RunningPlanes {
  /** The open records of a tenant that runs, for relay and holds; null when it does not. */
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

/** Names the credentials file in a tenant's secrets folder. */
const CREDENTIALS = 'credentials.age';

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
    sealObjects(openFilesystemObjects(at(tenantId).objects), () => openStorageKeys(root, at(tenantId).secrets));
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
    return records;
  };

  /** A SQLite file of the tenant: made by opening it. */
  const sqliteFile = (
    file: (tenantId: string) => string,
    check: (tenantId: string) => Promise<void>,
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
      for (const suffix of SQLITE_SUFFIXES) await rm(file(tenantId) + suffix, { force: true });
      await syncAndPrune(dirname(file(tenantId)));
    },
    isGone: async (tenantId) => SQLITE_SUFFIXES.every((suffix) => !existsSync(file(tenantId) + suffix)),
  });

  const credentialsFile = (tenantId: string) => join(at(tenantId).secrets, CREDENTIALS);
  const credentials: TenantResource = {
    make: async (tenantId) => {
      const { recipient } = await openTenantKeys(root, at(tenantId).secrets);
      const values = JSON.stringify({ tenant_api_key: randomBytes(32).toString('base64url') });
      await writeSecret(credentialsFile(tenantId), await seal([recipient], Buffer.from(values)), { replace: false });
    },
    check: async (tenantId) => {
      const sealed = await readSecret(credentialsFile(tenantId));
      if (sealed === null) throw new FrostbyteError('KEY_UNAVAILABLE', 'The tenant has no credentials.');
      const { identities } = await openTenantKeys(root, at(tenantId).secrets);
      const values = JSON.parse((await openSealed(identities, sealed)).toString('utf8')) as { tenant_api_key?: string };
      if (Buffer.from(values.tenant_api_key ?? '', 'base64url').length === 32) return;
      throw new FrostbyteError('KEY_UNAVAILABLE', 'The credentials of the tenant are not whole.');
    },
    destroy: (tenantId) => destroySecret(credentialsFile(tenantId)),
    isGone: async (tenantId) => !existsSync(credentialsFile(tenantId)),
  };

  const resources: EmbeddedResources = {
    keys: {
      make: async (tenantId) => void (await createTenantKeys(root, at(tenantId).secrets, clock)),
      check: async (tenantId) => void (await openTenantKeys(root, at(tenantId).secrets)),
      destroy: (tenantId) => destroyTenantKeys(at(tenantId).secrets),
      isGone: async (tenantId) => !existsSync(at(tenantId).secrets),
      current: async (tenantId) => {
        const { recipient, key_version } = await openTenantKeys(root, at(tenantId).secrets);
        return { age_public_key: recipient, key_version };
      },
    },
    credentials,
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
      const look = async (): Promise<'there' | 'going' | 'missing'> => {
        const records = reachable(tenantId);
        if (records === null) return 'missing';
        if (kind === 'batch') return (await records.batch(id)) === null ? 'missing' : 'there';
        if ((await records.document(id)) !== null) return 'there';
        return (await records.erasing([id])).length > 0 ? 'going' : 'missing';
      };
      try {
        return await look();
      } catch (error) {
        // A suspension closes the tenant's stores under our hands; the next look opens them for us alone.
        if (!isFrostbyteError(error, 'STORE_UNAVAILABLE')) throw error;
        return look();
      }
    },
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
  /** Records at any path, under a tenant's name: what the isolation check tries with another tenant's file. */
  function openFile(file: string, tenantId: string): RecordStore {
    return openSqliteRecords(file, { tenant_id: tenantId, clock });
  }
  return resources;
}

const SQLITE_SUFFIXES = ['-wal', '-shm', '-journal', ''] as const;

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
