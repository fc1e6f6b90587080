import type { BatchRecords, DocumentMark } from '../port.ts';
import { BATCH_LISTING, type Cell, DOCUMENTS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { sameMarks } from '../rules/marks.ts';
import { cancelBatch } from './cancel-batch.ts';
import type { RecordContext } from './context.ts';
import { appendEntries } from './events.ts';
import { readBatch, readReceipts } from './intake.ts';
import { readPage, tally } from './page.ts';

const LIST: ListShape = {
  from: 'batches b',
  select: BATCH_LISTING.select('b'),
  order: ['b.submitted_at', 'b.batch_id'],
  cursor: 'SELECT submitted_at, batch_id FROM batches WHERE batch_id = ?',
};
const BATCH_DOCUMENTS = `SELECT ${DOCUMENTS.select('d')} FROM document_batches l
  JOIN documents d ON d.doc_id = l.doc_id WHERE l.batch_id = ? AND d.erasure_id IS NULL`;
/** A document at work, or one that an open request has still to come to. The latter is one seek a request. */
const UNDER_WAY = `SELECT EXISTS (SELECT 1 FROM document_batches WHERE batch_id = @batch_id AND state = 'processing')
  OR EXISTS (SELECT 1 FROM reprocesses r WHERE r.status = 'restarting' AND (r.batch_id = @batch_id
    OR r.scope = 'below' AND EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = @batch_id
      AND (l.received_at, l.doc_id) > (coalesce(r.cursor_received_at, ''), coalesce(r.cursor_doc_id, ''))
      AND l.received_at <= r.requested_at))) AS found`;
const MARKS = `SELECT d.doc_id, d.run, d.state FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = ? AND d.erasure_id IS NULL ORDER BY d.doc_id`;
const BATCHES_OF = 'SELECT batch_id FROM document_batches WHERE doc_id = ? ORDER BY batch_id';
const OPEN = `SELECT batch_id FROM batches INDEXED BY batches_open
  WHERE status IN ('processing', 'held') AND batch_id > ? ORDER BY batch_id LIMIT ?`;
const SETTLE = `UPDATE batches SET status = @status, report = @report, updated_at = @at
  WHERE batch_id = @batch_id AND status NOT IN (@status, 'receiving')`;
const STATES = `SELECT batch_id, manifest_sha256, status, updated_at FROM batches
  WHERE batch_id IN (SELECT value FROM json_each(?)) ORDER BY batch_id`;
const REPORT = 'SELECT report FROM batches WHERE batch_id = ?';

/** Batches after they arrived. */
export function batchRecords(context: RecordContext): BatchRecords {
  const { db } = context;
  return {
    batches: async (page) =>
      db.read(() => ({
        rows: readPage(context, LIST, page, { 'b.status': page.status }).map(BATCH_LISTING.decode),
        total: tally(context, 'batches', page.status).entries,
      })),
    batchFiles: async (batchId) =>
      db.read(() => {
        const receipts = new Map(readReceipts(context, batchId).map((receipt) => [receipt.file_id, receipt]));
        const rows = db.all<Record<string, Cell>>(BATCH_DOCUMENTS, [batchId]).map(DOCUMENTS.decode);
        const documents = new Map(rows.map((document) => [document.doc_id, document]));
        return (readBatch(context, batchId)?.files ?? []).map((file) => {
          const receipt = receipts.get(file.file_id) ?? null;
          return { file, receipt, document: documents.get(receipt?.doc_id ?? '') ?? null };
        });
      }),
    isUnderWay: async (batchId) => db.get<{ found: number }>(UNDER_WAY, { batch_id: batchId })?.found === 1,
    batchesOf: async (docId) => db.all<{ batch_id: string }>(BATCHES_OF, [docId]).map(({ batch_id }) => batch_id),
    openBatches: async (after, limit) =>
      db.all<{ batch_id: string }>(OPEN, [after ?? '', limit]).map(({ batch_id }) => batch_id),
    settleBatch: async ({ batch_id, status, report, seen, entries, at }) =>
      db.write(() => {
        if (!sameMarks(db.all<DocumentMark>(MARKS, [batch_id]), seen)) return false;
        if (db.run(SETTLE, { batch_id, status, report: JSON.stringify(report), at }) === 0) return false;
        appendEntries(context, entries);
        return true;
      }),
    report: async (batchId) => {
      const row = db.get<{ report: string | null }>(REPORT, [batchId]);
      return row?.report == null ? null : JSON.parse(row.report);
    },
    batchStates: async (batchIds) => db.all(STATES, [JSON.stringify(batchIds)]),
    cancelBatch: async (batchId, entries, at) => db.write(() => cancelBatch(context, batchId, entries, at)),
  };
}
