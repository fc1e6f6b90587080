import type { WorkStage } from '../../../kernel/pipeline.ts';
import type { DocumentRow } from '../rows.ts';
import { type Cell, DOCUMENTS } from '../rules/codec.ts';
import { nextRun } from '../rules/document-steps.ts';
import { REINDEX_SQL } from '../rules/reindexing.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import type { RecordContext } from './context.ts';
import { enqueue } from './outbox.ts';

const SELECT = `SELECT ${DOCUMENTS.select('d')} FROM documents d WHERE d.doc_id = ? AND d.erasure_id IS NULL`;
const INSERT = DOCUMENTS.insert('documents', 'updated_at');
const UPDATE = DOCUMENTS.update('documents', 'doc_id', 'updated_at');
const DELETE_CHUNKS = 'DELETE FROM chunks WHERE doc_id = ?';
const REOPEN_BATCHES = `UPDATE batches SET status = 'processing', updated_at = @at
  WHERE status IN ('held', 'completed', 'cancelled')
    AND batch_id IN (SELECT l.batch_id FROM document_batches l WHERE l.doc_id = @doc_id)`;

/**
 * A document's place in lists that are ordered by receipt. A page may end with a document that is erased before the next
 * one is asked for: its place stays known by its receipt.
 */
export const DOCUMENT_PLACE = `WITH last (id) AS (SELECT ?)
  SELECT d.received_at, d.doc_id FROM last JOIN documents d ON d.doc_id = last.id
  UNION ALL SELECT r.received_at, e.doc_id FROM last JOIN erasures e ON e.doc_id = last.id
    JOIN receipts r ON r.receipt_id = e.receipt_id LIMIT 1`;

/** The document, or null; one that is being erased is not there. */
export function readDocument({ db }: RecordContext, docId: string): DocumentRow | null {
  const cells = db.get<Record<string, Cell>>(SELECT, [docId]);
  return cells ? DOCUMENTS.decode(cells) : null;
}

/** Writes a new document. */
export function insertDocument({ db }: RecordContext, row: DocumentRow, at: string): void {
  db.run(INSERT, { ...DOCUMENTS.encode(row), updated_at: at });
}

/** Writes all columns of a document that is there. */
export function saveDocument({ db }: RecordContext, row: DocumentRow, at: string): void {
  db.run(UPDATE, { ...DOCUMENTS.encode(row), updated_at: at });
}

/** Takes a document's chunks out of rows, full text and index records, of both indexes. Returns how many went. */
export function removeChunks({ db }: RecordContext, docId: string): number {
  db.run(REINDEX_SQL.unlist, [docId]);
  return db.run(DELETE_CHUNKS, [docId]);
}

/**
 * Opens the settled batches that hold a document, because it comes to rest anew: they are settled, reported and told
 * again. Part of every new run; a change of a document at rest that is no run calls it too.
 */
export function reopenBatches({ db }: RecordContext, docId: string, at: string): void {
  db.run(REOPEN_BATCHES, { doc_id: docId, at });
}

/**
 * Begins the next run of a document at a stage, inside the running transaction (`nextRun`): dead letters still pending are
 * resolved as reprocessed (told under `actor`), settled batches of the document are open again, and the job goes to the
 * outbox. What is served stays served until the run ends.
 */
export function beginRun(
  context: RecordContext,
  row: DocumentRow,
  from: WorkStage,
  at: string,
  configVersion?: number,
  actor = 'system',
): DocumentRow {
  const next = nextRun(row, from, configVersion);
  saveDocument(context, next, at);
  closeDeadLetters(context, row.doc_id, at, actor);
  reopenBatches(context, row.doc_id, at);
  enqueue(context, next);
  return next;
}
