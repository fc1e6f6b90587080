import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { besideCollection, besideFile, tenantNames, tenantPaths } from '../../../kernel/names.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { sealObjects } from '../../../secrets/sealed-objects.ts';
import { watchStorageKeys } from '../../../secrets/watch-storage-keys.ts';
import type { AuditLog } from '../../../stores/log/port.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { openFilesystemObjects } from '../../../stores/object/filesystem.ts';
import { openMinioObjects } from '../../../stores/object/minio.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { RecordStore } from '../../../stores/record/port.ts';
import { openPostgresRecords } from '../../../stores/record/postgres.ts';
import type { IndexNumber } from '../../../stores/record/rows.ts';
import { openSqliteRecords } from '../../../stores/record/sqlite.ts';
import type { VectorStore } from '../../../stores/vector/port.ts';
import { openQdrantVectors } from '../../../stores/vector/qdrant.ts';
import { openSqliteVectors } from '../../../stores/vector/sqlite-vec.ts';
import { filesSource } from '../backup/files-source.ts';
import { serversSource } from '../backup/servers-source.ts';
import { objectTurns } from '../object-turns.ts';
import { controlLogins } from '../stack/control-logins.ts';

/** A tenant's stores as a program of the box reads them, beside the data plane that works on them. */
export interface ReadingTenant {
  /** Opened with the tenant's storage keys. */
  objects: ObjectStore;
  records: RecordStore;
  /** One of its two indexes. Whoever opens closes. */
  index(number: IndexNumber): VectorStore;
  /** Its log as it is now, a copy in `folder`. Whoever opens closes. */
  log(folder: string): Promise<AuditLog>;
  close(): Promise<void>;
}

export interface ReadingParts {
  config: Config;
  root: KeyPair;
  clock: Clock;
}

/** Opens a tenant's stores, in files or on servers. Throws as they do; then nothing is left open. */
export async function readingTenant({ config, root, clock }: ReadingParts, tenant_id: string): Promise<ReadingTenant> {
  const { data_folder: dataFolder } = config;
  const paths = tenantPaths(dataFolder, tenant_id);
  const { bucket, database, collection } = tenantNames(tenant_id);
  const logins = config.mode === 'stack' ? controlLogins(config) : null;
  const records =
    logins === null
      ? openSqliteRecords(paths.records, { tenant_id, clock })
      : await openPostgresRecords({ ...logins.database(database), connections: 2 }, { tenant_id, clock });
  const objects = sealObjects(
    logins === null ? openFilesystemObjects(paths.objects) : openMinioObjects({ ...logins.objects(), bucket }),
    watchStorageKeys(root, paths.secrets),
    objectTurns(tenant_id),
  );
  return {
    objects,
    records,
    index(number) {
      const address = logins?.vectors() ?? null;
      if (address !== null)
        return openQdrantVectors({ address, collection: number === 0 ? collection : besideCollection(collection) });
      const file = number === 0 ? paths.vectors : besideFile(paths.vectors);
      return openSqliteVectors(file, { appliedAt: clock.iso() });
    },
    async log(folder) {
      const source = logins === null ? filesSource({ dataFolder, clock }) : serversSource(config, { clock });
      const copy = join(folder, 'log.sqlite');
      rmSync(copy, { force: true });
      await source.copyLog(tenant_id, copy).finally(() => source.close());
      return openSqliteLog(copy, { tenant_id, clock, readonly: true });
    },
    async close() {
      await Promise.all([objects.close(), records.close()]);
    },
  };
}
