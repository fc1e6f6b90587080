import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { CancelledDocuments, CancelledWork, CancelOutcome } from '../port.ts';
import type { DocumentRow, ReprocessRow } from '../rows.ts';
import { type Cell, DOCUMENTS, REPROCESSES } from '../rules/codec.ts';
import { cancelled } from '../rules/document-steps.ts';
import { endedByCancelling } from '../rules/reprocessing.ts';
import type { RecordContext } from './context.ts';
import { saveDocument } from './documents.ts';
import { appendEntries } from './events.ts';
import { readBatch } from './intake.ts';

/** Documents of the batch that are under way, and whether another batch that is under way too still wants them. */
const UNDER_WAY = `SELECT ${DOCUMENTS.select('d')}, EXISTS (
    SELECT 1 FROM document_batches o JOIN batches b ON b.batch_id = o.batch_id
    WHERE o.doc_id = d.doc_id AND o.batch_id <> l.batch_id AND b.cancelled_at IS NULL
      AND b.status IN ('receiving', 'processing')) AS wanted
  FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = ? AND d.state = 'processing' AND d.erasure_id IS NULL ORDER BY d.doc_id`;
const MARK = `UPDATE batches SET cancelled_at = coalesce(cancelled_at, @at), updated_at = @at,
  status = iif(status = 'receiving', 'processing', status) WHERE batch_id = @batch_id`;
const OPEN_REQUESTS = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r INDEXED BY reprocesses_open
  WHERE r.status = 'restarting' AND r.batch_id = ? ORDER BY r.reprocess_id`;
const END_REQUEST = `UPDATE reprocesses SET status = 'restarted', restarted_at = @at, cancelled_at = @at
  WHERE reprocess_id = @reprocess_id`;
const FORGET_JOBS = 'DELETE FROM outbox WHERE doc_id = ?';

/** Cancels what has not started of a batch (`BatchRecords.cancelBatch`). Inside a transaction. O(documents of the batch). */
export function cancelBatch(
  context: RecordContext,
  batchId: string,
  entries: (work: CancelledWork) => AuditEntry[],
  at: string,
): CancelOutcome {
  const { db } = context;
  const batch = readBatch(context, batchId);
  if (batch === null) return { kind: 'unknown' };
  const again = batch.cancelled_at !== null;
  if (!again && batch.status !== 'receiving' && batch.status !== 'processing') {
    return { kind: 'over', status: batch.status };
  }
  const ids: string[] = [];
  let running = 0;
  for (const { wanted, ...cells } of db.all<Record<string, Cell>>(UNDER_WAY, [batchId])) {
    const row = DOCUMENTS.decode(cells);
    if (wanted === 1 || Object.values(row.stages).includes('processing')) running++;
    else {
      cancelDocument(context, row, at);
      ids.push(row.doc_id);
    }
  }
  const requests = endRequests(context, batchId, at);
  const outcome: CancelledDocuments = { cancelled: ids, running };
  if (again && ids.length + requests.length === 0) return { kind: 'cancelled', ...outcome };
  db.run(MARK, { batch_id: batchId, at });
  appendEntries(context, entries({ ...outcome, requests }));
  return { kind: 'cancelled', ...outcome };
}

/** What was to run the batch again has no documents to look at any more. */
function endRequests({ db }: RecordContext, batchId: string, at: string): ReprocessRow[] {
  return db.all<Record<string, Cell>>(OPEN_REQUESTS, [batchId]).map((cells) => {
    const row = REPROCESSES.decode(cells);
    db.run(END_REQUEST, { reprocess_id: row.reprocess_id, at });
    return endedByCancelling(row, at);
  });
}

function cancelDocument(context: RecordContext, row: DocumentRow, at: string): void {
  saveDocument(context, cancelled(row), at);
  context.db.run(FORGET_JOBS, [row.doc_id]);
}
