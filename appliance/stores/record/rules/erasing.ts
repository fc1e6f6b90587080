import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ErasureIntent } from '../port.ts';
import { type DocumentRow, ERASED, type ErasureRow, type ManifestFile, type RemovedRows } from '../rows.ts';

const NOTHING: RemovedRows = Object.freeze({
  chunks: 0,
  dead_letters: 0,
  jobs: 0,
  receipts: 0,
  manifests: 0,
  reports: 0,
});

/** The row of an erasure as it begins. */
export function newErasure(intent: ErasureIntent, document: DocumentRow): ErasureRow {
  const { raw_sha256, receipt_id, run, retention_until } = document;
  return {
    ...intent,
    raw_sha256,
    receipt_id,
    run,
    retention_until,
    status: 'pending',
    decided_at: null,
    inventory: null,
    removed: NOTHING,
    verified: [],
    erased_at: null,
  };
}

/** Counts with those of a further clearing added. */
export function withRemoved(
  removed: RemovedRows,
  gone: Pick<RemovedRows, 'chunks' | 'dead_letters' | 'jobs'>,
): RemovedRows {
  return {
    ...removed,
    chunks: removed.chunks + gone.chunks,
    dead_letters: removed.dead_letters + gone.dead_letters,
    jobs: removed.jobs + gone.jobs,
  };
}

/** Throws `STORE_CORRUPTED` where a second look found rows of a document behind their deletion. */
export function refuseLeft(rows: number | undefined): void {
  if (rows === 0) return;
  throw new FrostbyteError('STORE_CORRUPTED', 'Rows of a document are left after their deletion.');
}

/** A manifest's files without name and metadata of the erased ones. */
export function blankManifest(files: readonly ManifestFile[], erased: ReadonlySet<string>): ManifestFile[] {
  return files.map((file) => {
    if (!erased.has(file.file_id)) return file;
    const { metadata: _, ...rest } = file;
    return { ...rest, filename: ERASED };
  });
}

/** File ids by batch. */
export function filesByBatch(rows: readonly { batch_id: string; file_id: string }[]): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const { batch_id, file_id } of rows) files.set(batch_id, (files.get(batch_id) ?? new Set()).add(file_id));
  return files;
}
