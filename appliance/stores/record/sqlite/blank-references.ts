import type { BlankedBeside } from '../port.ts';
import { ERASED, type ErasureRow, type RemovedRows } from '../rows.ts';
import { blankReport } from '../rules/blank-report.ts';
import { blankManifest, filesByBatch, type ReceiptOf } from '../rules/erasing.ts';
import type { RecordContext } from './context.ts';

/** Refused although, or since, the bytes that came were these: by what the manifest said, or by what they were. */
const SAME_BYTES = `doc_id IS NULL AND (sha256 = ? OR json_extract(details, '$.actual_sha256') = ?)`;
/** Its own receipts, and those of files of the same bytes that were refused. */
const RECEIPTS = `SELECT batch_id, file_id, doc_id FROM receipts WHERE doc_id = ?
  UNION SELECT batch_id, file_id, doc_id FROM receipts WHERE ${SAME_BYTES} ORDER BY batch_id, file_id`;
const BLANK_RECEIPTS = 'UPDATE receipts SET original_filename = ?, details = NULL WHERE doc_id = ?';
const BLANK_REFUSED = `UPDATE receipts SET original_filename = ?, details = NULL WHERE ${SAME_BYTES}`;
const NAMED_REFUSED_IN = 'batch_id = ? AND doc_id IS NULL AND original_filename <> ?';
const REFUSED_IN = `SELECT file_id FROM receipts WHERE ${NAMED_REFUSED_IN} ORDER BY position`;
const BLANK_REFUSED_IN = `UPDATE receipts SET original_filename = ?, details = NULL WHERE ${NAMED_REFUSED_IN}`;
const BATCH = 'SELECT files, report FROM batches WHERE batch_id = ?';
const BLANK_BATCH = 'UPDATE batches SET files = ?, report = ?, updated_at = ? WHERE batch_id = ?';
/** What all files of a batch share goes with the last of them, once no more can come. */
const BLANK_SHARED = `UPDATE batches SET metadata = '{}', submitter = CASE WHEN submitter IS NOT NULL THEN ? END
  WHERE batch_id = ? AND status <> 'receiving'
    AND NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = batches.batch_id)`;
const BLANK_EVENTS = `DELETE FROM audit_references WHERE event_id IN
  (SELECT event_id FROM audit_events WHERE resource_type = ? AND resource_id = ?)`;

/**
 * Blanks the personal references of an erased document (its row is gone by now): file name and metadata in receipts,
 * manifest copies and acceptance reports of every batch it came with, or that the same bytes were refused of, and those
 * of events that wait for the relay. A batch that has no document left loses its submitter and metadata, and where this
 * document was the last of it, the names of its refused files.
 * Inside the transaction that completes its erasure. O(files of those batches).
 */
export function blankReferences(
  { db }: RecordContext,
  { doc_id, raw_sha256, cause }: ErasureRow,
  at: string,
): { removed: Pick<RemovedRows, 'receipts' | 'manifests' | 'reports'>; beside: BlankedBeside } {
  const rows = db.all<ReceiptOf>(RECEIPTS, [doc_id, raw_sha256, raw_sha256]);
  const refused = rows.filter((row) => row.doc_id === null).map(({ batch_id, file_id }) => `${batch_id}/${file_id}`);
  let receipts = db.run(BLANK_RECEIPTS, [ERASED, doc_id]) + db.run(BLANK_REFUSED, [ERASED, raw_sha256, raw_sha256]);
  let reports = 0;
  const emptied_batches: string[] = [];
  const filesOf = filesByBatch(rows);
  for (const [batchId, { erased, held }] of filesOf) {
    const emptied = db.run(BLANK_SHARED, [ERASED, batchId]) === 1;
    const whole = emptied && held;
    if (emptied) emptied_batches.push(batchId);
    if (whole) {
      const others = db.all<{ file_id: string }>(REFUSED_IN, [batchId, ERASED]);
      refused.push(...others.map(({ file_id }) => `${batchId}/${file_id}`));
      receipts += db.run(BLANK_REFUSED_IN, [ERASED, batchId, ERASED]);
    }
    const batch = db.get<{ files: string; report: string | null }>(BATCH, [batchId]);
    if (batch === undefined) continue;
    const gone = { erased, cause, emptied, whole };
    const files = blankManifest(JSON.parse(batch.files), gone);
    if (batch.report !== null) reports++;
    const report = batch.report === null ? null : blankReport(batch.report, gone);
    db.run(BLANK_BATCH, [JSON.stringify(files), report, at, batchId]);
  }
  for (const resource of [doc_id, ...refused]) db.run(BLANK_EVENTS, ['document', resource]);
  for (const resource of emptied_batches) db.run(BLANK_EVENTS, ['batch', resource]);
  return {
    removed: { receipts, manifests: filesOf.size, reports },
    beside: { refused_files: refused, emptied_batches },
  };
}
