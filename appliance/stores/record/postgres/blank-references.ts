import type { Statements } from '../../postgres/connection.ts';
import { ERASED, type ErasureRow, type ManifestFile, type RemovedRows } from '../rows.ts';
import { blankReport } from '../rules/blank-report.ts';
import { blankManifest, filesByBatch } from '../rules/erasing.ts';
import type { Change } from './context.ts';

/** Refused although, or since, the bytes that came were these: by what the manifest said, or by what they were. */
const SAME_BYTES = `doc_id IS NULL AND (sha256 = ? OR details::json ->> 'actual_sha256' = ?)`;
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
  (SELECT event_id FROM audit_events WHERE resource_type = 'document' AND resource_id = ANY (@ids::text[]))`;

/** Files of these bytes that were refused, as `batch_id/file_id`. */
export async function refusedWith(tx: Statements, rawSha256: string): Promise<string[]> {
  const rows = await tx.all<{ batch_id: string; file_id: string }>(REFUSED, [rawSha256, rawSha256]);
  return rows.map(({ batch_id, file_id }) => `${batch_id}/${file_id}`);
}

/**
 * Blanks the personal references of an erased document (its row is gone by now): file name and metadata in receipts,
 * manifest copies and acceptance reports of every batch it came with, or that the same bytes were refused of, and those
 * of events that wait for the relay.
 * O(files of those batches).
 */
export async function blankReferences(
  change: Change,
  { doc_id, raw_sha256, cause }: ErasureRow,
  at: string,
): Promise<Pick<RemovedRows, 'receipts' | 'manifests' | 'reports'>> {
  const refused = await refusedWith(change, raw_sha256);
  const erasedOf = filesByBatch(
    await change.all<{ batch_id: string; file_id: string }>(RECEIPTS, [doc_id, raw_sha256, raw_sha256]),
  );
  let reports = 0;
  for (const [batchId, erased] of erasedOf) {
    const batch = await batchOf(change, batchId);
    if (batch === undefined) continue;
    if (batch.report !== null) reports++;
    const report = batch.report === null ? null : blankReport(batch.report, erased, cause);
    await change.run(BLANK_BATCH, [JSON.stringify(blankManifest(batch.files, erased)), report, at, batchId]);
    await change.run(BLANK_METADATA, [batchId]);
  }
  const events = await change.run(BLANK_EVENTS, { ids: [doc_id, ...refused] });
  change.owe('receipts', 'batches', ...(events > 0 ? ['audit_references'] : []));
  const receipts =
    (await change.run(BLANK_RECEIPTS, [ERASED, doc_id])) +
    (await change.run(BLANK_REFUSED, [ERASED, raw_sha256, raw_sha256]));
  return { receipts, manifests: erasedOf.size, reports };
}

async function batchOf(
  tx: Statements,
  batchId: string,
): Promise<{ files: ManifestFile[]; report: string | null } | undefined> {
  const batch = await tx.get<{ files: string; report: string | null }>(BATCH, [batchId]);
  return batch && { files: JSON.parse(batch.files), report: batch.report };
}
