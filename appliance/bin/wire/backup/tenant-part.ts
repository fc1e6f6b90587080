import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { TenantInBackup } from '../../../bundle/backup/manifest.ts';
import type { Write } from '../../../bundle/backup/write-tar.ts';
import { canonicalKey } from '../../../data/keys.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { besideFile, tenantPaths } from '../../../kernel/names.ts';
import { openFilesystemObjects } from '../../../stores/object/filesystem.ts';
import { CopiedObjects, changedMeanwhile } from './copied-objects.ts';
import { SealedPart } from './sealed-part.ts';
import { snapshotSqlite } from './snapshot.ts';

/** Names in a tenant's part, in their order. */
export const ROWS = 'records.sqlite';
export const VECTORS = 'vectors.sqlite';
export const VECTORS_BESIDE = 'vectors.r1.sqlite';
/** The last one: what a restore must know beside. */
export const STATE = 'state.json';

/** What is known of a tenant's part once it is written. */
export type PartCounts = Pick<TenantInBackup, 'documents' | 'chunks' | 'objects' | 'object_bytes' | 'rows_at'>;

export interface PartParts {
  dataFolder: string;
  clock: Clock;
  /** A folder of this backup's own. */
  temporary: string;
  progress(objects: number): void;
}

interface DocumentOfRows {
  doc_id: string;
  storage_path: string;
  canonical: string | null;
}

/**
 * Writes a tenant's part, consistent while its ingestion runs: rows first, as they are at one moment; then vectors, which
 * a restore holds against the rows; then objects, which never change under their names. So whatever the rows name is there,
 * but for what was erased meanwhile, and that is written down (docs/decisions/0042). Throws `SERVICE_UNAVAILABLE` where a
 * document was erased and sent again in between: the part is made anew then.
 */
export async function writeTenantPart(
  { dataFolder, clock, temporary, progress }: PartParts,
  tenantId: string,
  recipient: string,
  write: Write,
): Promise<PartCounts> {
  const paths = tenantPaths(dataFolder, tenantId);
  const part = await SealedPart.begin(recipient, write);
  const rows = join(temporary, ROWS);
  const rows_at = clock.iso();
  snapshotSqlite(paths.records, rows);
  await part.addFile(ROWS, rows);
  const beside = besideFile(paths.vectors);
  for (const [name, file] of [
    [VECTORS, paths.vectors],
    [VECTORS_BESIDE, beside],
  ] as const) {
    if (!existsSync(file)) continue;
    const copy = join(temporary, name);
    snapshotSqlite(file, copy);
    await part.addFile(name, copy);
    rmSync(copy);
  }
  const store = openFilesystemObjects(paths.objects);
  const copied = new CopiedObjects(store, part, join(temporary, 'copied.sqlite'));
  const db = new Database(rows, { readonly: true });
  try {
    await copied.all(progress);
    const gone = await goneMeanwhile(db, tenantId, copied, paths.records);
    await part.addBytes(STATE, Buffer.from(`${JSON.stringify({ gone })}\n`));
    await part.end();
    const count = (table: string) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number };
    return {
      rows_at,
      documents: count('documents').n,
      chunks: count('chunks').n,
      objects: copied.objects,
      object_bytes: copied.bytes,
    };
  } finally {
    db.close();
    copied.close();
    await store.close();
  }
}

/** Documents that the rows name and that are erased by now: a restore erases them once more. O(documents). */
async function goneMeanwhile(
  rows: Database.Database,
  tenantId: string,
  copied: CopiedObjects,
  live: string,
): Promise<string[]> {
  const now = new Database(live, { readonly: true, fileMustExist: true, timeout: 10_000 });
  try {
    const isThere = now.prepare('SELECT 1 FROM documents WHERE doc_id = ?');
    const isGoing = now.prepare("SELECT 1 FROM erasures WHERE doc_id = ? AND status = 'pending'");
    const gone: string[] = [];
    const named = rows.prepare<[], DocumentOfRows>(
      `SELECT doc_id, storage_path, json_extract(served, '$.canonical_sha256') AS canonical FROM documents ORDER BY doc_id`,
    );
    for (const { doc_id, storage_path, canonical } of named.iterate()) {
      if (isThere.get(doc_id) === undefined || isGoing.get(doc_id) !== undefined) {
        gone.push(doc_id);
        continue;
      }
      const keys = [storage_path, ...(canonical === null ? [] : [canonicalKey(tenantId, doc_id, canonical)])];
      for (const key of keys) if (!(await copied.one(key))) throw changedMeanwhile(`A document of ${tenantId}`);
    }
    return gone;
  } finally {
    now.close();
  }
}
