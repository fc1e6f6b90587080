import type { BatchArrival, FileDecision, IntakeRecords, ReceiveOutcome } from '../port.ts';
import type { BatchRow, DocumentRow, Receipt } from '../rows.ts';
import {
  condemned,
  joined,
  type KeptFile,
  newDocument as newDocumentRow,
  refuseBeyondQuota,
  TRY_AGAIN,
  underErasure,
} from '../rules/arrivals.ts';
import { BATCHES, type Cell, RECEIPTS } from '../rules/codec.ts';
import { ownRow, refused } from '../rules/own-row.ts';
import { asCollision, asDuplicate, asQuarantinedDuplicate, type Settled, withCounts } from '../rules/receipts.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import type { RecordContext } from './context.ts';
import { beginRun, insertDocument, readDocument, removeChunks, reopenBatches, saveDocument } from './documents.ts';
import { isBeingErased, lastErasure } from './erasures.ts';
import { appendEntries } from './events.ts';
import { enqueue } from './outbox.ts';
import { tally } from './page.ts';
import { announced, takenByOthers, takeUploads } from './uploads.ts';

const SELECT_BATCH = `SELECT ${BATCHES.select('b')} FROM batches b WHERE b.batch_id = ?`;
const INSERT_BATCH = BATCHES.insert('batches');
const LEAVE_RECEIVING =
  "UPDATE batches SET status = 'processing', updated_at = ? WHERE batch_id = ? AND status = 'receiving'";
const INSERT_CONFIG = 'INSERT INTO configs (version, config) VALUES (?, ?) ON CONFLICT DO NOTHING';
const NEWEST_CONFIG = 'SELECT max(version) AS version FROM configs';
const SELECT_RECEIPTS = `SELECT ${RECEIPTS.select('r')} FROM receipts r WHERE r.batch_id = ? ORDER BY r.position`;
const SELECT_RECEIPT = `SELECT ${RECEIPTS.select('r')} FROM receipts r WHERE r.receipt_id = ?`;
const HAS_RECEIPT = 'SELECT 1 FROM receipts WHERE batch_id = ? AND file_id = ?';
const INSERT_RECEIPT = RECEIPTS.insert('receipts', 'position');
const INSERT_LINK =
  'INSERT INTO document_batches (doc_id, batch_id, received_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';

/** Batches and receipts as they arrive. */
export function intakeRecords(context: RecordContext): IntakeRecords {
  const { db } = context;
  return {
    batch: async (batchId) => readBatch(context, batchId),
    receipts: async (batchId) => readReceipts(context, batchId),
    receipt: async (receiptId) => {
      const cells = db.get<Record<string, Cell>>(SELECT_RECEIPT, [receiptId]);
      return cells ? RECEIPTS.decode(cells) : null;
    },
    receive: async (arrival) => {
      let erased = 0;
      const outcome = db.write((): ReceiveOutcome => {
        const before = readBatch(context, arrival.batch.batch_id);
        if (before && before.manifest_sha256 !== arrival.batch.manifest_sha256) return { kind: 'conflict' };
        if (before && before.cancelled_at !== null) return { kind: 'cancelled' };
        const { uploads = [] } = arrival;
        const lost = takenByOthers(context, arrival.batch.batch_id, uploads);
        if (lost.length > 0) return { kind: 'uploads_taken', upload_ids: lost };
        const batch = before ?? openBatch(context, arrival);
        const version = newestConfig(context, batch, arrival.under);
        const stored = bytesHeld(context);
        const places = new Map(batch.files.map(({ file_id }, place) => [file_id, place]));
        for (const decision of arrival.files) {
          const place = places.get(decision.receipt.file_id);
          if (place === undefined) throw refused('A receipt names a file that the manifest does not have.');
          erased += takeFile(context, batch, decision, { place, version });
        }
        erased += takeUploads(context, batch.batch_id, uploads, context.clock.iso());
        refuseBeyondQuota(stored, bytesHeld(context), arrival.quota_bytes);
        if (arrival.complete && batch.status === 'receiving') {
          db.run(LEAVE_RECEIVING, [context.clock.iso(), batch.batch_id]);
          const receipts = readReceipts(context, batch.batch_id);
          appendEntries(
            context,
            arrival.entries.map((entry) => withCounts(entry, receipts)),
          );
        }
        return {
          kind: 'received',
          batch: readBatch(context, batch.batch_id) as BatchRow,
          receipts: readReceipts(context, batch.batch_id),
        };
      });
      if (erased > 0) db.forget();
      return outcome;
    },
  };
}

/** Raw files, and what uploads have announced. */
function bytesHeld(context: RecordContext): number {
  return tally(context, 'documents').bytes + announced(context).bytes;
}

/** The batch, or null. */
export function readBatch({ db }: RecordContext, batchId: string): BatchRow | null {
  const cells = db.get<Record<string, Cell>>(SELECT_BATCH, [batchId]);
  return cells ? BATCHES.decode(cells) : null;
}

/** A batch's receipts in the manifest's order. */
export function readReceipts({ db }: RecordContext, batchId: string): Receipt[] {
  return db.all<Record<string, Cell>>(SELECT_RECEIPTS, [batchId]).map(RECEIPTS.decode);
}

/** Keeps a config by its version; a version that is there stays as it is. */
export function keepConfig({ db }: RecordContext, version: number, config: Record<string, unknown>): void {
  db.run(INSERT_CONFIG, [version, JSON.stringify(config)]);
}

/** The newest version of the config that is known here; a request to run documents again keeps its own too. */
function newestConfig(context: RecordContext, batch: BatchRow, under: BatchArrival['under']): number {
  if (under) keepConfig(context, under.config_version, under.config);
  const known = context.db.get<{ version: number | null }>(NEWEST_CONFIG)?.version ?? 0;
  return Math.max(batch.config_version, known);
}

function openBatch(context: RecordContext, { batch, config }: BatchArrival): BatchRow {
  keepConfig(context, batch.config_version, config);
  const row: BatchRow = { ...batch, status: 'receiving', updated_at: context.clock.iso(), cancelled_at: null };
  context.db.run(INSERT_BATCH, BATCHES.encode(row));
  return row;
}

/** Takes one decided file unless it has its receipt. Returns how many served chunks it took away (new malware). */
function takeFile(
  context: RecordContext,
  batch: BatchRow,
  decision: FileDecision,
  { place, version }: { place: number; version: number },
): number {
  const { db } = context;
  const { receipt } = decision;
  ownRow(context, receipt.tenant_id);
  if (receipt.batch_id !== batch.batch_id) throw refused('A receipt names another batch.');
  if (db.get(HAS_RECEIPT, [batch.batch_id, receipt.file_id])) return 0;
  let settled: Settled = { receipt, entry: decision.entry };
  let erased = 0;
  if (decision.kind !== 'rejected') {
    const first = readDocument(context, decision.document.doc_id);
    if (first === null) settled = newDocument(context, batch, decision, version);
    else if (first.raw_sha256 !== decision.document.raw_sha256) settled = asCollision(settled);
    else {
      erased = decision.kind === 'quarantined' ? condemn(context, first, decision) : 0;
      settled = knownDocument(context, decision, settled, version);
    }
    if (settled.receipt.doc_id !== null) {
      db.run(INSERT_LINK, [
        decision.document.doc_id,
        batch.batch_id,
        first?.received_at ?? decision.document.received_at,
      ]);
    }
  }
  db.run(INSERT_RECEIPT, { ...RECEIPTS.encode(settled.receipt), position: place });
  appendEntries(context, [settled.entry]);
  return erased;
}

/** A document that is not there. One that was erased before runs anew, behind its old runs. */
function newDocument(context: RecordContext, batch: BatchRow, decision: KeptFile, version: number): Settled {
  if (isBeingErased(context, decision.document.doc_id)) throw underErasure();
  const erased = lastErasure(context, decision.document.doc_id);
  const row = newDocumentRow(batch, decision, erased?.run ?? 0, version);
  insertDocument(context, row, context.clock.iso());
  if (decision.kind === 'accepted') enqueue(context, row);
  const settled: Settled = { receipt: decision.receipt, entry: decision.entry };
  // Other bytes of the same id count its runs on, and are nobody's duplicate.
  if (erased?.raw_sha256 !== row.raw_sha256) return settled;
  return asDuplicate(settled, { receipt_id: erased.receipt_id, storage_path: row.storage_path }, true);
}

/** The same bytes are there: joins the metadata, runs a failed document again, and settles receipt and entry. */
function knownDocument(context: RecordContext, { document }: KeptFile, settled: Settled, newest: number): Settled {
  const at = context.clock.iso();
  const first = readDocument(context, document.doc_id) as DocumentRow;
  const both = joined(first, document);
  if (first.state === 'quarantined') {
    saveDocument(context, both, at);
    return asQuarantinedDuplicate(settled, first);
  }
  const runsAgain = TRY_AGAIN.has(first.state);
  const actor = settled.receipt.submitted_by;
  // Never by an older config than the one it ran by: a batch that broke off long ago would undo a redaction.
  const version = Math.max(newest, first.config_version);
  if (runsAgain) beginRun(context, both, 'parse', at, version, actor);
  else saveDocument(context, both, at);
  return asDuplicate(settled, first, runsAgain);
}

/**
 * Bytes that passed once are now known for malware: the document goes to quarantine, jobs of its run are stale, and
 * what was served of it is gone. Nothing of it waits for a person any more: it never runs again.
 */
function condemn(context: RecordContext, first: DocumentRow, { document, receipt }: KeptFile): number {
  if (first.state === 'quarantined' && first.quarantine_reason === 'MALWARE_DETECTED') return 0;
  const at = context.clock.iso();
  saveDocument(context, condemned(first, document), at);
  reopenBatches(context, first.doc_id, at);
  closeDeadLetters(context, first.doc_id, at, receipt.submitted_by, 'skipped');
  return removeChunks(context, first.doc_id);
}
