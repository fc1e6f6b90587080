import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { besideCollection, besideFile, tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { openStorageKeys } from '../../appliance/secrets/keyring.ts';
import { sealObjects } from '../../appliance/secrets/sealed-objects.ts';
import { openFilesystemObjects } from '../../appliance/stores/object/filesystem.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import type { ObjectStore } from '../../appliance/stores/object/port.ts';
import type { IndexNumber } from '../../appliance/stores/record/rows.ts';
import type { VectorStore } from '../../appliance/stores/vector/port.ts';
import { openQdrantVectors } from '../../appliance/stores/vector/qdrant.ts';
import { openSqliteVectors } from '../../appliance/stores/vector/sqlite-vec.ts';
import type { Appliance } from './appliance.ts';
import { docker } from './docker.ts';
import { postgresLogin, testStack } from './stack.ts';

/** A look into a tenant's stores past the appliance, whatever it keeps them in. */

/** What it takes to look. */
export type Inside = Pick<Appliance, 'dataFolder' | 'stack'>;

const onServers = ({ stack }: Pick<Appliance, 'stack'>) => stack !== null;

/** The tenant's objects as they lie at rest. Whoever opens closes. */
export function objectsAtRest(appliance: Inside, tenantId: string): ObjectStore {
  if (!onServers(appliance)) return openFilesystemObjects(tenantPaths(appliance.dataFolder, tenantId).objects);
  const { endpoint, tls, access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
  return openMinioObjects({ endpoint, tls, accessKey, secretKey, bucket: tenantNames(tenantId).bucket });
}

/** The tenant's objects, opened with its keys. Whoever opens closes. */
export async function objectsOpened(appliance: Inside, tenantId: string): Promise<ObjectStore> {
  const root = await embeddedRootKey(appliance.dataFolder, systemClock());
  const keys = await openStorageKeys(root, tenantPaths(appliance.dataFolder, tenantId).secrets);
  return sealObjects(objectsAtRest(appliance, tenantId), async () => keys);
}

/** An object as it lies at rest, as a file for stock tools. */
export async function objectFile<T>(
  appliance: Inside,
  tenantId: string,
  key: string,
  use: (path: string) => T | Promise<T>,
): Promise<T> {
  const store = objectsAtRest(appliance, tenantId);
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-object-'));
  try {
    const path = join(folder, 'object');
    writeFileSync(path, await store.read(key));
    return await use(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await store.close();
  }
}

/** The tenant's vectors, of the first of its two indexes or the other one. Whoever opens closes. */
export function vectorsOf(appliance: Inside, tenantId: string, number: IndexNumber = 0): VectorStore {
  const { stack } = appliance;
  const { vectors } = tenantPaths(appliance.dataFolder, tenantId);
  if (stack === null) return openSqliteVectors(number === 0 ? vectors : besideFile(vectors));
  const { collection } = tenantNames(tenantId);
  return openQdrantVectors({
    address: {
      url: stack.qdrant.url,
      token: stack.qdrant.apiKey,
      tls: { ca: testStack()?.certificates.stores_authority },
    },
    collection: number === 0 ? collection : besideCollection(collection),
  });
}

/** Has the tenant's index made by an earlier version of its model, as after an upgrade of the appliance. */
export async function ageIndex(appliance: Inside, tenantId: string): Promise<void> {
  const table = onServers(appliance) ? 'chunks' : 'index_records';
  await onRecords(appliance, tenantId, `UPDATE ${table} SET embed_version = '0'`);
  await onRecords(appliance, tenantId, "UPDATE reindexed_chunks SET embed_version = '0'");
}

/** Runs one statement on the tenant's records; the names of tables are the same everywhere. */
export async function onRecords<Row>(appliance: Inside, tenantId: string, sql: string): Promise<Row[]> {
  if (!onServers(appliance)) {
    const db = new Database(tenantPaths(appliance.dataFolder, tenantId).records);
    try {
      const statement = db.prepare(sql);
      if (statement.reader) return statement.all() as Row[];
      statement.run();
      return [];
    } finally {
      db.close();
    }
  }
  const client = new Client({
    ...postgresLogin(testStack()!),
    database: tenantNames(tenantId).database,
    options: '-c search_path=records -c session_replication_role=replica',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Runs one statement on a tenant's rows of the audit log in the control database. */
export async function onLogs<Row>(tenantId: string, sql: string): Promise<Row[]> {
  const client = new Client({ ...postgresLogin(testStack()!), database: 'frostbyte', options: '-c search_path=audit' });
  await client.connect();
  try {
    return (await client.query(sql.replace(' ORDER BY', ` WHERE tenant_id = '${tenantId}' ORDER BY`))).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Folders in which something of tenants may lie: the data folder, and the servers' volumes. */
export function foldersAtRest(appliance: Inside): string[] {
  if (!onServers(appliance)) return [appliance.dataFolder];
  const volume = (name: string) =>
    docker(testStack()!, 'volume', 'inspect', `frostbyte_${name}`, '--format={{.Mountpoint}}');
  return [appliance.dataFolder, volume('postgres'), volume('objects')];
}

/** Has the database server write to its files what it still has in memory. */
export async function written(appliance: Inside): Promise<void> {
  if (!onServers(appliance)) return;
  const client = new Client(postgresLogin(testStack()!));
  await client.connect();
  await client.query('CHECKPOINT').finally(() => client.end());
}
