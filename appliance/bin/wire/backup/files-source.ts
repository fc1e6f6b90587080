import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Clock } from '../../../kernel/clock.ts';
import { besideFile, controlPaths, logPath, tenantPaths } from '../../../kernel/names.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { openFilesystemObjects } from '../../../stores/object/filesystem.ts';
import { snapshotSqlite } from './snapshot.ts';
import type { BackupSource, CopiedRows, NamedObjects, TenantSource } from './source.ts';

/** Names of SQLite files in a tenant's part. */
export const ROWS = 'records.sqlite';
export const VECTORS = 'vectors.sqlite';
export const VECTORS_BESIDE = 'vectors.r1.sqlite';

const NAMED = `SELECT doc_id, storage_path, json_extract(served, '$.canonical_sha256') AS canonical
  FROM documents ORDER BY doc_id`;
const GONE = `SELECT value AS doc_id FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM documents WHERE doc_id = value)
  OR EXISTS (SELECT 1 FROM erasures WHERE doc_id = value AND status = 'pending')`;

/** An appliance in files below its data folder. */
export function filesSource({ dataFolder, clock }: { dataFolder: string; clock: Clock }): BackupSource {
  return {
    mode: 'embedded',
    tenant: async (tenantId, temporary) => tenantFiles(dataFolder, tenantId, temporary),
    async copyLog(logId, file) {
      const live = logPath(dataFolder, logId);
      // A tenant that nothing was relayed for yet has none: an empty one says the same.
      if (!existsSync(live)) await openSqliteLog(live, { tenant_id: logId, clock }).close();
      snapshotSqlite(live, file);
    },
    logs: async () =>
      readdirSync(controlPaths(dataFolder).logs).flatMap(
        (name) => /^([a-z][a-z0-9]{2,31})\.sqlite$/.exec(name)?.[1] ?? [],
      ),
    close: async () => undefined,
  };
}

/** Adds the vectors of a tenant that lie in files, each as it is at one moment. */
export async function addVectorFiles(
  part: Parameters<TenantSource['addVectors']>[0],
  vectors: string,
  temporary: string,
): Promise<void> {
  for (const [name, file] of [
    [VECTORS, vectors],
    [VECTORS_BESIDE, besideFile(vectors)],
  ] as const) {
    if (!existsSync(file)) continue;
    const copy = join(temporary, name);
    snapshotSqlite(file, copy);
    await part.addFile(name, copy);
    rmSync(copy);
  }
}

function tenantFiles(dataFolder: string, tenantId: string, temporary: string): TenantSource {
  const paths = tenantPaths(dataFolder, tenantId);
  const objects = openFilesystemObjects(paths.objects);
  let rows: Database.Database | undefined;
  return {
    async addRows(part): Promise<CopiedRows> {
      const copy = join(temporary, ROWS);
      snapshotSqlite(paths.records, copy);
      await part.addFile(ROWS, copy);
      rows = new Database(copy, { readonly: true });
      const db = rows;
      const count = (table: string) => (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
      return {
        documents: count('documents'),
        chunks: count('chunks'),
        named: () => db.prepare<[], NamedObjects>(NAMED).iterate(),
      };
    },
    addVectors: (part) => addVectorFiles(part, paths.vectors, temporary),
    objects,
    async gone(docIds) {
      const now = new Database(paths.records, { readonly: true, fileMustExist: true, timeout: 10_000 });
      try {
        const found = now.prepare(GONE).all(JSON.stringify(docIds)) as { doc_id: string }[];
        return new Set(found.map(({ doc_id }) => doc_id));
      } finally {
        now.close();
      }
    },
    async close() {
      rows?.close();
      await objects.close();
    },
  };
}
