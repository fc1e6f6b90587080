import { auditEntry } from '../audit/entry.ts';
import type { BatchState } from '../stores/record/rows.ts';
import type { DataPlane } from './plane.ts';
import { acceptanceReport, type BatchFile, isErased } from './report.ts';

type Plane = Pick<DataPlane, 'tenant_id' | 'records' | 'clock'>;

/** Settles every batch that holds a document which just came to rest. */
export async function settleBatches(plane: Plane, docId: string): Promise<void> {
  for (const batchId of await plane.records.batchesOf(docId)) await settleBatch(plane, batchId);
}

/** Settles all open batches: what the sweep does, for batches whose last document came to rest just before a crash. */
export async function settleOpenBatches(plane: Plane): Promise<void> {
  for (let after: string | null = null; ; ) {
    const open = await plane.records.openBatches(after, 200);
    if (open.length === 0) return;
    for (const batchId of open) await settleBatch(plane, batchId);
    after = open.at(-1)!;
  }
}

/** Reports that are made anew because a document moved under them, before the sweep has to do it. */
const TRIES = 5;

/**
 * Writes the acceptance report when every file of a batch is terminal or held, and the final one, with
 * `BATCH_COMPLETED`, when none is held any more (spec 2, "Acceptance report"); again whenever a document of it has run
 * again. A batch that was cancelled is `cancelled` then; files that never came keep it from nothing. Does nothing while a
 * file is under way.
 */
export async function settleBatch(plane: Plane, batchId: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) if (await settledNow(plane, batchId)) return;
}

/** False where the report was out of date before it was written. */
async function settledNow(plane: Plane, batchId: string): Promise<boolean> {
  if (await plane.records.isUnderWay(batchId)) return true;
  const batch = await plane.records.batch(batchId);
  if (!batch || batch.status === 'receiving') return true;
  const files = await withCauses(plane, await plane.records.batchFiles(batchId));
  const cancelled = batch.cancelled_at !== null;
  if (files.some((file) => isUnderWay(file) || (file.receipt === null && !cancelled))) return true;
  const held = files.some(({ document }) => document?.state === 'held');
  const status: BatchState = cancelled ? 'cancelled' : held ? 'held' : 'completed';
  if (batch.status === status) return true;
  const at = plane.clock.iso();
  const report = acceptanceReport({ tenant_id: plane.tenant_id, batch, files, final: !held, generated_at: at });
  const count = (state: string) => files.filter(({ document }) => document?.state === state).length;
  const entry = auditEntry(plane.clock, 'BATCH_COMPLETED', {
    tenant_id: plane.tenant_id,
    actor: 'system',
    resource_id: batchId,
    adds: {
      files: files.length,
      indexed: count('indexed'),
      failed: files.filter(({ document }) => document?.state.endsWith('_failed')).length,
      quarantined: count('quarantined'),
      held: count('held'),
      cancelled: count('cancelled'),
      erased: files.filter(isErased).length,
      rejected: files.filter(({ receipt }) => receipt?.status === 'rejected').length,
      final: !held,
      report_id: report.report_id,
    },
  });
  const seen = files.flatMap(({ document }) => document ?? []);
  const entries = held ? [] : [entry];
  return plane.records.settleBatch({ batch_id: batchId, status, report, seen, entries, at });
}

function isUnderWay({ document }: BatchFile): boolean {
  return document?.state === 'processing';
}

/** Deletion receipts of one document that are looked at: the same bytes may come and be erased again. */
const RECEIPTS = 20;

/** Erased files with why they were. */
async function withCauses({ records }: Plane, files: BatchFile[]): Promise<BatchFile[]> {
  const found: BatchFile[] = [];
  for (const file of files) {
    const { receipt } = file;
    if (receipt === null || receipt.doc_id === null || !isErased(file)) {
      found.push(file);
      continue;
    }
    const { rows } = await records.erasures({ doc_id: receipt.doc_id, limit: RECEIPTS });
    // Newest first: the one that ended what this receipt brought is the first behind it.
    const erasure = rows.findLast(({ requested_at }) => requested_at >= receipt.received_at);
    found.push({ ...file, erased_because: erasure?.cause ?? null });
  }
  return found;
}
