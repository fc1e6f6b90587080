import type { BatchRecords, DocumentMark } from '../port.ts';
import { BATCH_LISTING, DOCUMENTS } from '../rules/codec.ts';
import type { ListShape } from '../rules/cursor.ts';
import { sameMarks } from '../rules/marks.ts';
import { cancelBatch } from './cancel-batch.ts';
import { inTurn, type RecordContext } from './context.ts';
import { readBatch, readReceipts } from './intake.ts';
import { readPage, tally } from './page.ts';
import { allRows } from './rows.ts';

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
// No lock: whoever changes a document's run or state has the turn, as whoever settles.
const MARKS = `SELECT d.doc_id, d.run, d.state FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = ? AND d.erasure_id IS NULL`;
const BATCHES_OF = 'SELECT batch_id FROM document_batches WHERE doc_id = ? ORDER BY batch_id';
const OPEN = `SELECT batch_id FROM batches
  WHERE status IN ('processing', 'held') AND batch_id > ? ORDER BY batch_id LIMIT ?`;
const SETTLE = `UPDATE batches SET status = @status, report = @report, updated_at = @at
  WHERE batch_id = @batch_id AND status NOT IN (@status, 'receiving')`;
const STATES = `SELECT batch_id, manifest_sha256, status, updated_at FROM batches
  WHERE batch_id = ANY (@ids::text[]) ORDER BY batch_id`;
const REPORT = 'SELECT report FROM batches WHERE batch_id = ?';

/** Batches after they arrived. */
export function batchRecords(context: RecordContext): BatchRecords {
  const { db } = context;
  const ids = (rows: readonly { batch_id: string }[]) => rows.map(({ batch_id }) => batch_id);
  return {
    batches: (page) =>
      db.read(async (tx) => ({
        rows: (await readPage(tx, LIST, page, { 'b.status': page.status })).map(BATCH_LISTING.decode),
        total: (await tally(tx, 'batches', page.status)).entries,
      })),
    batchFiles: (batchId) =>
      db.read(async (tx) => {
        const receipts = new Map((await readReceipts(tx, batchId)).map((receipt) => [receipt.file_id, receipt]));
        const rows = await allRows(tx, DOCUMENTS, BATCH_DOCUMENTS, [batchId]);
        const documents = new Map(rows.map((document) => [document.doc_id, document]));
        return ((await readBatch(tx, batchId))?.files ?? []).map((file) => {
          const receipt = receipts.get(file.file_id) ?? null;
          return { file, receipt, document: documents.get(receipt?.doc_id ?? '') ?? null };
        });
      }),
    isUnderWay: async (batchId) => (await db.get<{ found: boolean }>(UNDER_WAY, { batch_id: batchId }))?.found === true,
    batchesOf: async (docId) => ids(await db.all(BATCHES_OF, [docId])),
    openBatches: async (after, limit) => ids(await db.all(OPEN, [after ?? '', limit])),
    settleBatch: ({ batch_id, status, report, seen, entries, at }) =>
      inTurn(context, async (change) => {
        if (!sameMarks(await change.all<DocumentMark>(MARKS, [batch_id]), seen)) return false;
        const settled = await change.run(SETTLE, { batch_id, status, report: JSON.stringify(report), at });
        if (settled === 0) return false;
        change.tell(entries);
        return true;
      }),
    report: async (batchId) => {
      const row = await db.get<{ report: string | null }>(REPORT, [batchId]);
      return row?.report == null ? null : JSON.parse(row.report);
    },
    batchStates: (batchIds) => db.all(STATES, { ids: batchIds }),
    cancelBatch: (batchId, entries, at) => inTurn(context, (change) => cancelBatch(change, batchId, entries, at)),
  };
}
