import type { WorkStage } from '../../../kernel/pipeline.ts';
import type { TextLanguage } from '../../../kernel/text-language.ts';
import type { Statements } from '../../postgres/connection.ts';
import type { DocumentRow } from '../rows.ts';
import { DOCUMENTS } from '../rules/codec.ts';
import { nextRun } from '../rules/document-steps.ts';
import { REINDEX_SQL } from '../rules/reindexing.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import type { Change } from './context.ts';
import { insertMetadata } from './metadata.ts';
import { enqueue } from './outbox.ts';
import { moveTallies } from './page.ts';
import { allRows, getRow, insertRows } from './rows.ts';

const SELECT = `SELECT ${DOCUMENTS.select('d')} FROM documents d WHERE d.doc_id = ? AND d.erasure_id IS NULL`;
/** Until the transaction ends nobody else changes the row, also who writes without the turn. */
export const LOCKED = 'FOR NO KEY UPDATE OF d';
const LOCK = `${SELECT} ${LOCKED}`;
const LOCK_MANY = `SELECT ${DOCUMENTS.select('d')} FROM documents d
  WHERE d.doc_id = ANY (@ids::text[]) AND d.erasure_id IS NULL ORDER BY d.doc_id ${LOCKED}`;
const UPDATE = DOCUMENTS.update('documents', 'doc_id', 'updated_at', 'quarantine');
const DELETE_CHUNKS = `WITH gone AS
    (DELETE FROM chunks WHERE doc_id = @doc_id AND run <> @except RETURNING language, length, tableoid::regclass::text AS part)
  SELECT language, count(*)::bigint AS entries, sum(length)::bigint AS words, min(part) AS part FROM gone GROUP BY language`;
const REOPEN_BATCHES = `UPDATE batches SET status = 'processing', updated_at = @at
  WHERE status IN ('held', 'completed', 'cancelled')
    AND batch_id IN (SELECT l.batch_id FROM document_batches l WHERE l.doc_id = @doc_id)`;

/**
 * A document's place in lists that are ordered by receipt. A page may end with a document that is erased before the next
 * one is asked for: its place stays known by its receipt.
 */
export const DOCUMENT_PLACE = `WITH last (id) AS (SELECT ?::text)
  SELECT d.received_at, d.doc_id FROM last JOIN documents d ON d.doc_id = last.id
  UNION ALL SELECT r.received_at, e.doc_id FROM last JOIN erasures e ON e.doc_id = last.id
    JOIN receipts r ON r.receipt_id = e.receipt_id LIMIT 1`;

/** The document, or null; one that is being erased is not there. */
export function readDocument(tx: Statements, docId: string): Promise<DocumentRow | null> {
  return getRow(tx, DOCUMENTS, SELECT, [docId]);
}

/** As `readDocument`, for whoever is going to change it. */
export function lockDocument(tx: Statements, docId: string): Promise<DocumentRow | null> {
  return getRow(tx, DOCUMENTS, LOCK, [docId]);
}

/** Those of the documents that are there, locked. */
export function lockDocuments(tx: Statements, ids: readonly string[]): Promise<DocumentRow[]> {
  return allRows(tx, DOCUMENTS, LOCK_MANY, { ids });
}

/** Writes new documents. */
export async function insertDocuments(tx: Statements, rows: readonly DocumentRow[], at: string): Promise<void> {
  await insertRows(
    tx,
    'documents',
    [...DOCUMENTS.names, 'updated_at', 'quarantine'],
    rows.map((row) => ({ ...DOCUMENTS.encode(row), updated_at: at, quarantine: quarantineOf(row) })),
  );
  await insertMetadata(tx, rows);
}

/** Writes all columns of a document that is there, and locked. */
export async function saveDocument(tx: Statements, row: DocumentRow, at: string): Promise<void> {
  await tx.run(UPDATE, { ...DOCUMENTS.encode(row), updated_at: at, quarantine: quarantineOf(row) });
}

/** What a document is in quarantine as; null where nothing of it is. What no gate could judge waits there too. */
function quarantineOf(row: DocumentRow): string | null {
  const { state, quarantine_reason, rejection, chunks_quarantined, chunks_rejected } = row;
  if (state === 'quarantined' || (state === 'policy_failed' && quarantine_reason !== null)) {
    return `document ${quarantine_reason ?? 'GATE_UNAVAILABLE'} ${rejection?.scope === 'document' ? 'rejected' : 'open'}`;
  }
  if (state !== 'indexed' || !(chunks_quarantined !== null && chunks_quarantined > 0)) return null;
  return `chunks INJECTION_DETECTED ${(chunks_rejected ?? 0) >= chunks_quarantined ? 'rejected' : 'open'}`;
}

/** Takes a document's chunks away, but for those of a run, and what any reindex wrote of it. Returns how many went. */
export async function removeChunks(change: Change, docId: string, except = -1): Promise<number> {
  await change.run(REINDEX_SQL.unlist, [docId]);
  await change.run(REINDEX_SQL.forgetChunks, [docId]);
  const gone = await change.all<{ language: TextLanguage | null; entries: number; words: number; part: string }>(
    DELETE_CHUNKS,
    { doc_id: docId, except },
  );
  await countChunks(
    change,
    gone.map(({ language, entries, words }) => ({ language, chunks: -entries, words: -words })),
  );
  change.owe(...gone.map(({ part }) => part));
  return gone.reduce((sum, { entries }) => sum + entries, 0);
}

/** Moves the totals of chunks, of their words, by which search weighs, and of those in their language, which it asks for. */
export async function countChunks(
  tx: Statements,
  counted: readonly { chunks: number; words: number; language: TextLanguage | null }[],
): Promise<void> {
  await moveTallies(
    tx,
    counted.flatMap(({ chunks, words, language }) => [
      ['chunks', 'visible', chunks] as const,
      ['words', 'visible', words] as const,
      ...(language === null ? [] : [['language', language, chunks] as const]),
    ]),
  );
}

/**
 * Opens the settled batches that hold a document, because it comes to rest anew: they are settled, reported and told
 * again. Part of every new run; a change of a document at rest that is no run calls it too.
 */
export async function reopenBatches(tx: Statements, docId: string, at: string): Promise<void> {
  await tx.run(REOPEN_BATCHES, { doc_id: docId, at });
}

/**
 * Begins the next run of a document at a stage (`nextRun`): dead letters still pending are resolved as reprocessed (told
 * under `actor`), settled batches of the document are open again, and the job goes to the outbox. What is served stays
 * served until the run ends.
 */
export async function beginRun(
  change: Change,
  row: DocumentRow,
  from: WorkStage,
  at: string,
  configVersion?: number,
  actor = 'system',
): Promise<DocumentRow> {
  const next = nextRun(row, from, configVersion);
  await saveDocument(change, next, at);
  await closeDeadLetters(change, row.doc_id, at, actor);
  await reopenBatches(change, row.doc_id, at);
  await enqueue(change, next);
  return next;
}
