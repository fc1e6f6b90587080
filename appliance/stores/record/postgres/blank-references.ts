import type { Statements } from '../../postgres/connection.ts';
import { ERASED, type ManifestFile, type RemovedRows } from '../rows.ts';
import { blankReport } from '../rules/blank-report.ts';
import { blankManifest, filesByBatch } from '../rules/erasing.ts';
import type { Change } from './context.ts';

const RECEIPTS = 'SELECT DISTINCT batch_id, file_id FROM receipts WHERE doc_id = ? ORDER BY batch_id';
const BLANK_RECEIPTS = 'UPDATE receipts SET original_filename = ?, details = NULL WHERE doc_id = ?';
const BATCH = 'SELECT files, report FROM batches WHERE batch_id = ?';
const BLANK_BATCH = 'UPDATE batches SET files = ?, report = ?, updated_at = ? WHERE batch_id = ?';
/** What all files of a batch share goes with the last of them, once no more can come. */
const BLANK_METADATA = `UPDATE batches SET metadata = '{}' WHERE batch_id = ? AND status <> 'receiving'
  AND NOT EXISTS (SELECT 1 FROM document_batches l WHERE l.batch_id = batches.batch_id)`;
const BLANK_EVENTS = `DELETE FROM audit_references WHERE event_id IN
  (SELECT event_id FROM audit_events WHERE resource_type = @type AND resource_id = ANY (@ids::text[]))`;

/** Uploads that brought a document. O(files of its batches). */
export async function uploadsOf(tx: Statements, docId: string): Promise<string[]> {
  const uploads = new Set<string>();
  for (const [batchId, files] of await filesOf(tx, docId)) {
    for (const { file_id, upload_id } of (await batchOf(tx, batchId))?.files ?? []) {
      if (upload_id !== undefined && files.has(file_id)) uploads.add(upload_id);
    }
  }
  return [...uploads].sort();
}

/**
 * Blanks the personal references of an erased document (its row is gone by now): file name and metadata in receipts,
 * manifest copies and acceptance reports of every batch it came with, and those of events that wait for the relay.
 * O(files of those batches).
 */
export async function blankReferences(
  change: Change,
  docId: string,
  at: string,
): Promise<Pick<RemovedRows, 'receipts' | 'manifests' | 'reports'>> {
  const uploads = await uploadsOf(change, docId);
  const erasedOf = await filesOf(change, docId);
  let reports = 0;
  for (const [batchId, erased] of erasedOf) {
    const batch = await batchOf(change, batchId);
    if (batch === undefined) continue;
    if (batch.report !== null) reports++;
    const report = batch.report === null ? null : blankReport(batch.report, erased);
    await change.run(BLANK_BATCH, [JSON.stringify(blankManifest(batch.files, erased)), report, at, batchId]);
    await change.run(BLANK_METADATA, [batchId]);
  }
  const events =
    (await change.run(BLANK_EVENTS, { type: 'document', ids: [docId] })) +
    (await change.run(BLANK_EVENTS, { type: 'batch', ids: uploads }));
  change.owe('receipts', 'batches', ...(events > 0 ? ['audit_references'] : []));
  return { receipts: await change.run(BLANK_RECEIPTS, [ERASED, docId]), manifests: erasedOf.size, reports };
}

async function filesOf(tx: Statements, docId: string): Promise<Map<string, Set<string>>> {
  return filesByBatch(await tx.all<{ batch_id: string; file_id: string }>(RECEIPTS, [docId]));
}

async function batchOf(
  tx: Statements,
  batchId: string,
): Promise<{ files: ManifestFile[]; report: string | null } | undefined> {
  const batch = await tx.get<{ files: string; report: string | null }>(BATCH, [batchId]);
  return batch && { files: JSON.parse(batch.files), report: batch.report };
}
