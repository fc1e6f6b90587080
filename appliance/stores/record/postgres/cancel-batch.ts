import type { AuditEntry } from '../../../kernel/audit-event.ts';
import type { CancelledDocuments, CancelledWork, CancelOutcome } from '../port.ts';
import type { ReprocessRow } from '../rows.ts';
import { type Cell, DOCUMENTS, REPROCESSES } from '../rules/codec.ts';
import { cancelled } from '../rules/document-steps.ts';
import { endedByCancelling } from '../rules/reprocessing.ts';
import type { Change } from './context.ts';
import { LOCKED, saveDocument } from './documents.ts';
import { readBatch } from './intake.ts';
import { allRows } from './rows.ts';

/** Documents of the batch that are under way, and whether another batch that is under way too still wants them. */
const UNDER_WAY = `SELECT ${DOCUMENTS.select('d')}, EXISTS (
    SELECT 1 FROM document_batches o JOIN batches b ON b.batch_id = o.batch_id
    WHERE o.doc_id = d.doc_id AND o.batch_id <> l.batch_id AND b.cancelled_at IS NULL
      AND b.status IN ('receiving', 'processing')) AS wanted
  FROM document_batches l JOIN documents d ON d.doc_id = l.doc_id
  WHERE l.batch_id = ? AND d.state = 'processing' AND d.erasure_id IS NULL ORDER BY d.doc_id ${LOCKED}`;
const MARK = `UPDATE batches SET cancelled_at = coalesce(cancelled_at, @at), updated_at = @at,
  status = CASE status WHEN 'receiving' THEN 'processing' ELSE status END WHERE batch_id = @batch_id`;
const OPEN_REQUESTS = `SELECT ${REPROCESSES.select('r')} FROM reprocesses r
  WHERE r.status = 'restarting' AND r.batch_id = ? ORDER BY r.reprocess_id`;
const END_REQUESTS = `UPDATE reprocesses SET status = 'restarted', restarted_at = @at, cancelled_at = @at
  WHERE reprocess_id = ANY (@ids::text[])`;
const FORGET_JOBS = 'DELETE FROM outbox WHERE doc_id = ANY (@ids::text[])';

/** Cancels what has not started of a batch (`BatchRecords.cancelBatch`). O(documents of the batch). */
export async function cancelBatch(
  change: Change,
  batchId: string,
  entries: (work: CancelledWork) => AuditEntry[],
  at: string,
): Promise<CancelOutcome> {
  const batch = await readBatch(change, batchId);
  if (batch === null) return { kind: 'unknown' };
  const again = batch.cancelled_at !== null;
  if (!again && batch.status !== 'receiving' && batch.status !== 'processing') {
    return { kind: 'over', status: batch.status };
  }
  const ids: string[] = [];
  let running = 0;
  for (const { wanted, ...cells } of await change.all<Record<string, Cell | boolean>>(UNDER_WAY, [batchId])) {
    const row = DOCUMENTS.decode(cells as Record<string, Cell>);
    if (wanted === true || Object.values(row.stages).includes('processing')) running++;
    else {
      await saveDocument(change, cancelled(row), at);
      ids.push(row.doc_id);
    }
  }
  const outcome: CancelledDocuments = { cancelled: ids, running };
  const requests = await endRequests(change, batchId, at);
  if (again && ids.length + requests.length === 0) return { kind: 'cancelled', ...outcome };
  await change.run(FORGET_JOBS, { ids });
  await change.run(MARK, { batch_id: batchId, at });
  change.tell(entries({ ...outcome, requests }));
  return { kind: 'cancelled', ...outcome };
}

/** What was to run the batch again has no documents to look at any more. */
async function endRequests(change: Change, batchId: string, at: string): Promise<ReprocessRow[]> {
  const open = await allRows(change, REPROCESSES, OPEN_REQUESTS, [batchId]);
  await change.run(END_REQUESTS, { ids: open.map(({ reprocess_id }) => reprocess_id), at });
  return open.map((row) => endedByCancelling(row, at));
}
