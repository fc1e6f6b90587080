import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ErasureIntent } from '../port.ts';
import {
  type DocumentRow,
  ERASED,
  type ErasureRow,
  type ManifestFile,
  type Receipt,
  type RemovedRows,
} from '../rows.ts';

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

/** What goes of a batch with a document. */
export interface BatchErasure {
  /** Ids of the files that were the document, or had its bytes. */
  erased: ReadonlySet<string>;
  cause: ErasureRow['cause'];
  /** The batch has no document left: its submitter goes. */
  emptied: boolean;
  /** This document was its last: no file keeps its name. */
  whole: boolean;
}

/** A manifest's files without name and metadata of the erased ones. */
export function blankManifest(
  files: readonly ManifestFile[],
  { erased, whole }: Pick<BatchErasure, 'erased' | 'whole'>,
): ManifestFile[] {
  return files.map((file) => {
    if (!whole && !erased.has(file.file_id)) return file;
    const { metadata: _, ...rest } = file;
    return { ...rest, filename: ERASED };
  });
}

/** What is known of a document that was erased: whether another of its id has the same bytes, its hash tells. */
export type ErasedBefore = Pick<DocumentRow, 'receipt_id' | 'run' | 'raw_sha256'>;

/** A receipt of an erased document, or of a refused file of its bytes, which stands for no document. */
export type ReceiptOf = Pick<Receipt, 'batch_id' | 'file_id' | 'doc_id'>;

/** Receipts of an erased document, and of its bytes, by batch; `held`: the document itself came with it. */
export function filesByBatch(rows: readonly ReceiptOf[]): Map<string, { erased: Set<string>; held: boolean }> {
  const files = new Map<string, { erased: Set<string>; held: boolean }>();
  for (const { batch_id, file_id, doc_id } of rows) {
    const { erased, held } = files.get(batch_id) ?? { erased: new Set(), held: false };
    files.set(batch_id, { erased: erased.add(file_id), held: held || doc_id !== null });
  }
  return files;
}
