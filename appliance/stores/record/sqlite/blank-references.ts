import { ERASED, type ErasureRow, type RemovedRows } from '../rows.ts';
import { blankReport } from '../rules/blank-report.ts';
import { blankManifest, filesByBatch } from '../rules/erasing.ts';
import type { RecordContext } from './context.ts';

/** Refused although, or since, the bytes that came were these: by what the manifest said, or by what they were. */
const SAME_BYTES = `doc_id IS NULL AND (sha256 = ? OR json_extract(details, '$.actual_sha256') = ?)`;
/** Its own receipts, and those of files of the same bytes that were refused. */
const RECEIPTS = `SELECT batch_id, file_id FROM receipts WHERE doc_id = ?
  UNION SELECT batch_id, file_id FROM receipts WHERE ${SAME_BYTES} ORDER BY batch_id`;
const REFUSED = `SELECT batch_id, file_id FROM receipts WHERE ${SAME_BYTES} ORDER BY receipt_id`;
const BLANK_RECEIPTS = 'UPDATE receipts SET original_filename = ?, details = NULL WHERE doc_id = ?';
const BLANK_REFUSED = `UPDATE receipts SET original_filename = ?, details = NULL WHERE ${SAME_BYTES}`;
const BATCH = 'SELECT files, report FROM batches WHERE batch_id = ?';
const BLANK_BATCH = 'UPDATE batches SET files = ?, report = ?, updated_at = ? WHERE batch_id = ?';
/** What all files of a batch share goes with the last of them, once no more can come. */
const BLANK_METADATA = `UPDATE batches SET metadata = '{}' WHERE batch_id = ? AND status <> 'receiving'
  AND NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = batches.batch_id)`;
const BLANK_EVENTS = `DELETE FROM audit_references WHERE event_id IN
  (SELECT event_id FROM audit_events WHERE resource_type = 'document' AND resource_id = ?)`;

/** Files of these bytes that were refused, as `batch_id/file_id`. */
export function refusedWith({ all }: RecordContext['db'], rawSha256: string): string[] {
  const rows = all<{ batch_id: string; file_id: string }>(REFUSED, [rawSha256, rawSha256]);
  return rows.map(({ batch_id, file_id }) => `${batch_id}/${file_id}`);
}

/**
 * Blanks the personal references of an erased document (its row is gone by now): file name and metadata in receipts,
 * manifest copies and acceptance reports of every batch it came with, or that the same bytes were refused of, and those
 * of events that wait for the relay.
 * Inside the transaction that completes its erasure. O(files of those batches).
 */
export function blankReferences(
  { db }: RecordContext,
  { doc_id, raw_sha256, cause }: ErasureRow,
  at: string,
): Pick<RemovedRows, 'receipts' | 'manifests' | 'reports'> {
  const refused = refusedWith(db, raw_sha256);
  const filesOf = filesByBatch(
    db.all<{ batch_id: string; file_id: string }>(RECEIPTS, [doc_id, raw_sha256, raw_sha256]),
  );
  let reports = 0;
  for (const [batchId, erased] of filesOf) {
    const batch = db.get<{ files: string; report: string | null }>(BATCH, [batchId]);
    if (batch === undefined) continue;
    const files = blankManifest(JSON.parse(batch.files), erased);
    if (batch.report !== null) reports++;
    const report = batch.report === null ? null : blankReport(batch.report, erased, cause);
    db.run(BLANK_BATCH, [JSON.stringify(files), report, at, batchId]);
    db.run(BLANK_METADATA, [batchId]);
  }
  for (const resource of [doc_id, ...refused]) db.run(BLANK_EVENTS, [resource]);
  const receipts = db.run(BLANK_RECEIPTS, [ERASED, doc_id]) + db.run(BLANK_REFUSED, [ERASED, raw_sha256, raw_sha256]);
  return { receipts, manifests: filesOf.size, reports };
}
