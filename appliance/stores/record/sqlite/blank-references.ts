import { ERASED, type RemovedRows } from '../rows.ts';
import { blankReport } from '../rules/blank-report.ts';
import { blankManifest, filesByBatch } from '../rules/erasing.ts';
import type { RecordContext } from './context.ts';

const RECEIPTS = 'SELECT DISTINCT batch_id, file_id FROM receipts WHERE doc_id = ? ORDER BY batch_id';
const BLANK_RECEIPTS = 'UPDATE receipts SET original_filename = ?, details = NULL WHERE doc_id = ?';
const BATCH = 'SELECT files, report FROM batches WHERE batch_id = ?';
const BLANK_BATCH = 'UPDATE batches SET files = ?, report = ?, updated_at = ? WHERE batch_id = ?';
/** What all files of a batch share goes with the last of them, once no more can come. */
const BLANK_METADATA = `UPDATE batches SET metadata = '{}' WHERE batch_id = ? AND status <> 'receiving'
  AND NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = batches.batch_id)`;
const BLANK_EVENTS = `DELETE FROM audit_references WHERE event_id IN
  (SELECT event_id FROM audit_events WHERE resource_type = ? AND resource_id = ?)`;
const UPLOADS = `SELECT DISTINCT f.value ->> '$.upload_id' AS upload_id
  FROM receipts r JOIN batches b ON b.batch_id = r.batch_id JOIN json_each(b.files) f ON f.value ->> '$.file_id' = r.file_id
  WHERE r.doc_id = ? AND f.value ->> '$.upload_id' IS NOT NULL ORDER BY upload_id`;

/** Uploads that brought a document. O(files of its batches). */
export function uploadsOf(db: RecordContext['db'], docId: string): string[] {
  return db.all<{ upload_id: string }>(UPLOADS, [docId]).map(({ upload_id }) => upload_id);
}

/**
 * Blanks the personal references of an erased document (its row is gone by now): file name and metadata in receipts,
 * manifest copies and acceptance reports of every batch it came with, and those of events that wait for the relay.
 * Inside the transaction that completes its erasure. O(files of those batches).
 */
export function blankReferences(
  { db }: RecordContext,
  docId: string,
  at: string,
): Pick<RemovedRows, 'receipts' | 'manifests' | 'reports'> {
  const uploads = uploadsOf(db, docId);
  const filesOf = filesByBatch(db.all<{ batch_id: string; file_id: string }>(RECEIPTS, [docId]));
  let reports = 0;
  for (const [batchId, erased] of filesOf) {
    const batch = db.get<{ files: string; report: string | null }>(BATCH, [batchId]);
    if (batch === undefined) continue;
    const files = blankManifest(JSON.parse(batch.files), erased);
    if (batch.report !== null) reports++;
    const report = batch.report === null ? null : blankReport(batch.report, erased);
    db.run(BLANK_BATCH, [JSON.stringify(files), report, at, batchId]);
    db.run(BLANK_METADATA, [batchId]);
  }
  db.run(BLANK_EVENTS, ['document', docId]);
  for (const uploadId of uploads) db.run(BLANK_EVENTS, ['batch', uploadId]);
  return { receipts: db.run(BLANK_RECEIPTS, [ERASED, docId]), manifests: filesOf.size, reports };
}
