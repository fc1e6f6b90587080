import type { FileDecision } from '../port.ts';
import type { BatchRow, DocumentRow } from '../rows.ts';
import {
  condemned,
  joined,
  type KeptFile,
  newDocument as newDocumentRow,
  TRY_AGAIN,
  underErasure,
} from '../rules/arrivals.ts';
import { type Cell, RECEIPTS } from '../rules/codec.ts';
import { ownRow, refused } from '../rules/own-row.ts';
import { asCollision, asDuplicate, asQuarantinedDuplicate, type Settled } from '../rules/receipts.ts';
import { closeDeadLetters } from './close-dead-letters.ts';
import type { Change } from './context.ts';
import {
  beginRun,
  insertDocuments,
  lockDocument,
  lockDocuments,
  removeChunks,
  reopenBatches,
  saveDocument,
} from './documents.ts';
import { beingErased, lastErasures } from './erasures.ts';
import { replaceMetadata } from './metadata.ts';
import { enqueue } from './outbox.ts';
import { insertRows } from './rows.ts';

const RECEIVED = 'SELECT file_id FROM receipts WHERE batch_id = ?';
const INSERT_LINKS = `INSERT INTO document_batches (doc_id, batch_id, received_at, state)
  SELECT d.doc_id, @batch_id, l.received_at, d.state
  FROM unnest(@ids::text[], @times::text[]) AS l (doc_id, received_at) JOIN documents d ON d.doc_id = l.doc_id
  ON CONFLICT DO NOTHING`;

/** Files of a batch on their way in: what is new among them is written together, so that many cost little more than one. */
export interface ArrivingFiles {
  /** Takes one decided file to its place in the manifest, unless it has its receipt. */
  take(decision: FileDecision, place: number): Promise<void>;
  /** Writes what was taken. */
  write(): Promise<void>;
}

/** Looks up, once for all files, what the store knows of them. New runs go by this version of the config. */
export async function arrivingFiles(
  change: Change,
  batch: BatchRow,
  version: number,
  decisions: readonly FileDecision[],
): Promise<ArrivingFiles> {
  const ids = decisions.flatMap((decision) => (decision.kind === 'rejected' ? [] : [decision.document.doc_id]));
  const received = await change.all<{ file_id: string }>(RECEIVED, [batch.batch_id]);
  const hasReceipt = new Set(received.map(({ file_id }) => file_id));
  const known = new Map((await lockDocuments(change, ids)).map((row) => [row.doc_id, row]));
  const going = await beingErased(change, ids);
  const erased = await lastErasures(change, ids);
  const fresh: DocumentRow[] = [];
  const receipts: Record<string, Cell>[] = [];
  const links = new Map<string, string>();

  const writeFresh = async (): Promise<void> => {
    const rows = fresh.splice(0);
    await insertDocuments(change, rows, change.clock.iso());
    await enqueue(change, ...rows.filter(({ state }) => state === 'processing'));
  };

  /** A document that is not there. One that was erased before runs anew, behind its old runs. */
  const newDocument = (decision: KeptFile): Settled => {
    const { doc_id } = decision.document;
    if (going.has(doc_id)) throw underErasure();
    const before = erased.get(doc_id);
    const row = newDocumentRow(batch, decision, before?.run ?? 0, version);
    fresh.push(row);
    known.set(doc_id, row);
    const settled: Settled = { receipt: decision.receipt, entry: decision.entry };
    // Other bytes of the same id count its runs on, and are nobody's duplicate.
    if (before?.raw_sha256 !== row.raw_sha256) return settled;
    return asDuplicate(settled, { receipt_id: before.receipt_id, storage_path: row.storage_path }, true);
  };

  return {
    take: async (decision, place) => {
      const { receipt } = decision;
      ownRow(change, receipt.tenant_id);
      if (receipt.batch_id !== batch.batch_id) throw refused('A receipt names another batch.');
      if (hasReceipt.has(receipt.file_id)) return;
      hasReceipt.add(receipt.file_id);
      let settled: Settled = { receipt, entry: decision.entry };
      if (decision.kind !== 'rejected') {
        const { document } = decision;
        const first = known.get(document.doc_id);
        if (first === undefined) settled = newDocument(decision);
        else if (first.raw_sha256 !== document.raw_sha256) settled = asCollision(settled);
        else {
          // The same bytes twice in one batch: the first is no longer new.
          await writeFresh();
          settled = await knownDocument(change, version, decision, settled);
          known.set(document.doc_id, (await lockDocument(change, document.doc_id)) as DocumentRow);
        }
        if (settled.receipt.doc_id !== null) {
          links.set(document.doc_id, first?.received_at ?? document.received_at);
        }
      }
      receipts.push({ ...RECEIPTS.encode(settled.receipt), position: place });
      change.tell([settled.entry]);
    },
    write: async () => {
      await writeFresh();
      await change.run(INSERT_LINKS, {
        batch_id: batch.batch_id,
        ids: [...links.keys()],
        times: [...links.values()],
      });
      await insertRows(change, 'receipts', [...RECEIPTS.names, 'position'], receipts);
    },
  };
}

/** The same bytes are there: joins the metadata, runs a failed document again, and settles receipt and entry. */
async function knownDocument(change: Change, newest: number, decision: KeptFile, settled: Settled): Promise<Settled> {
  const at = change.clock.iso();
  const { document } = decision;
  const there = (await lockDocument(change, document.doc_id)) as DocumentRow;
  const first = decision.kind === 'quarantined' ? await condemn(change, there, decision, at) : there;
  const both = joined(first, document);
  await replaceMetadata(change, first, both);
  if (first.state === 'quarantined') {
    await saveDocument(change, both, at);
    return asQuarantinedDuplicate(settled, first);
  }
  const runsAgain = TRY_AGAIN.has(first.state);
  // Never by an older config than the one it ran by: a batch that broke off long ago would undo a redaction.
  const version = Math.max(newest, first.config_version);
  if (runsAgain) await beginRun(change, both, 'parse', at, version, settled.receipt.submitted_by);
  else await saveDocument(change, both, at);
  return asDuplicate(settled, first, runsAgain);
}

/** Bytes that passed once are now known for malware. Returns the document as it is from now on. */
async function condemn(
  change: Change,
  first: DocumentRow,
  { document, receipt }: KeptFile,
  at: string,
): Promise<DocumentRow> {
  if (first.state === 'quarantined' && first.quarantine_reason === 'MALWARE_DETECTED') return first;
  const row = condemned(first, document);
  await saveDocument(change, row, at);
  await reopenBatches(change, first.doc_id, at);
  await closeDeadLetters(change, first.doc_id, at, receipt.submitted_by, 'skipped');
  await removeChunks(change, first.doc_id);
  return row;
}
