import type { Statements } from '../../postgres/connection.ts';
import type { BatchArrival, IntakeRecords, ReceiveOutcome } from '../port.ts';
import type { BatchRow, Receipt } from '../rows.ts';
import { refuseBeyondQuota } from '../rules/arrivals.ts';
import { BATCHES, RECEIPTS } from '../rules/codec.ts';
import { refused } from '../rules/own-row.ts';
import { withCounts } from '../rules/receipts.ts';
import { arrivingFiles } from './arriving-files.ts';
import { type Change, inTurn, type RecordContext } from './context.ts';
import { tally } from './page.ts';
import { allRows, getRow } from './rows.ts';
import { announced, takenByOthers, takeUploads } from './uploads.ts';

const SELECT_BATCH = `SELECT ${BATCHES.select('b')} FROM batches b WHERE b.batch_id = ?`;
const INSERT_BATCH = BATCHES.insert('batches');
const LEAVE_RECEIVING =
  "UPDATE batches SET status = 'processing', updated_at = ? WHERE batch_id = ? AND status = 'receiving'";
const INSERT_CONFIG = 'INSERT INTO configs (version, config) VALUES (?, ?) ON CONFLICT DO NOTHING';
const NEWEST_CONFIG = 'SELECT max(version) AS version FROM configs';
const SELECT_RECEIPTS = `SELECT ${RECEIPTS.select('r')} FROM receipts r WHERE r.batch_id = ? ORDER BY r.position`;
const SELECT_RECEIPT = `SELECT ${RECEIPTS.select('r')} FROM receipts r WHERE r.receipt_id = ?`;

/** Batches and receipts as they arrive. */
export function intakeRecords(context: RecordContext): IntakeRecords {
  const { db } = context;
  return {
    batch: (batchId) => readBatch(db, batchId),
    receipts: (batchId) => readReceipts(db, batchId),
    receipt: (receiptId) => getRow(db, RECEIPTS, SELECT_RECEIPT, [receiptId]),
    receive: (arrival) => inTurn(context, (change) => receive(change, arrival)),
  };
}

async function receive(change: Change, arrival: BatchArrival): Promise<ReceiveOutcome> {
  const before = await readBatch(change, arrival.batch.batch_id);
  if (before && before.manifest_sha256 !== arrival.batch.manifest_sha256) return { kind: 'conflict' };
  if (before && before.cancelled_at !== null) return { kind: 'cancelled' };
  const { uploads = [] } = arrival;
  const lost = await takenByOthers(change, arrival.batch.batch_id, uploads);
  if (lost.length > 0) return { kind: 'uploads_taken', upload_ids: lost };
  const batch = before ?? (await openBatch(change, arrival));
  const stored = await bytesHeld(change);
  const places = new Map(batch.files.map(({ file_id }, place) => [file_id, place]));
  const files = await arrivingFiles(change, batch, await newestConfig(change, batch, arrival.under), arrival.files);
  for (const decision of arrival.files) {
    const place = places.get(decision.receipt.file_id);
    if (place === undefined) throw refused('A receipt names a file that the manifest does not have.');
    await files.take(decision, place);
  }
  await files.write();
  await takeUploads(change, batch.batch_id, uploads, change.clock.iso());
  refuseBeyondQuota(stored, await bytesHeld(change), arrival.quota_bytes);
  const receipts = await readReceipts(change, batch.batch_id);
  if (arrival.complete && batch.status === 'receiving') {
    await change.run(LEAVE_RECEIVING, [change.clock.iso(), batch.batch_id]);
    change.tell(arrival.entries.map((entry) => withCounts(entry, receipts)));
  }
  return { kind: 'received', batch: (await readBatch(change, batch.batch_id)) as BatchRow, receipts };
}

/** Raw files, and what uploads have announced. */
async function bytesHeld(tx: Statements): Promise<number> {
  return (await tally(tx, 'documents')).bytes + (await announced(tx)).bytes;
}

/** The batch, or null. */
export function readBatch(tx: Statements, batchId: string): Promise<BatchRow | null> {
  return getRow(tx, BATCHES, SELECT_BATCH, [batchId]);
}

/** A batch's receipts in the manifest's order. */
export function readReceipts(tx: Statements, batchId: string): Promise<Receipt[]> {
  return allRows(tx, RECEIPTS, SELECT_RECEIPTS, [batchId]);
}

/** Keeps a config by its version; a version that is there stays as it is. */
export async function keepConfig(tx: Statements, version: number, config: Record<string, unknown>): Promise<void> {
  await tx.run(INSERT_CONFIG, [version, JSON.stringify(config)]);
}

/** The newest version of the config that is known here; a request to run documents again keeps its own too. */
async function newestConfig(change: Change, batch: BatchRow, under: BatchArrival['under']): Promise<number> {
  if (under) await keepConfig(change, under.config_version, under.config);
  const known = (await change.get<{ version: number | null }>(NEWEST_CONFIG))?.version ?? 0;
  return Math.max(batch.config_version, Number(known));
}

async function openBatch(change: Change, { batch, config }: BatchArrival): Promise<BatchRow> {
  await keepConfig(change, batch.config_version, config);
  const row: BatchRow = { ...batch, status: 'receiving', updated_at: change.clock.iso(), cancelled_at: null };
  await change.run(INSERT_BATCH, BATCHES.encode(row));
  return row;
}
