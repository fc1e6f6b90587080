import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Keyset } from './port.ts';
import type { DocumentRow, ErasureInventory, ErasureRow } from './rows.ts';

/**
 * Erasing a document (spec 3), in steps that can each be repeated after a crash. While an erasure is pending no other
 * verb shows the document, or what is served of it, its jobs are stale and its bytes are not received. `completed` it is
 * the deletion receipt, and stays.
 */
export interface ErasureRecords {
  /**
   * Writes the intent. The pending erasure that is there already is answered as it is. Null: there is no such document.
   */
  beginErasure(intent: ErasureIntent): Promise<ErasureRow | null>;
  /** Takes the intent back, and the document is as before; its job goes to the outbox. False once it was decided. */
  takeBackErasure(deletionReceiptId: string): Promise<boolean>;
  /** Nothing held the document: from here on there is no way back. False where the intent was taken back meanwhile. */
  decideErasure(deletionReceiptId: string, at: string): Promise<boolean>;
  /** Notes what there is to delete outside the records. The first note stands; answers the erasure. */
  noteInventory(deletionReceiptId: string, inventory: ErasureInventory): Promise<ErasureRow | null>;
  /**
   * Deletes the document's chunks, full text, index records, dead letters and jobs in the outbox, looks again, and adds
   * to the counts. Only of a decided erasure; null otherwise.
   */
  clearRows(deletionReceiptId: string): Promise<ErasureRow | null>;
  /**
   * Ends a decided erasure: blanks the document's personal references in receipts, manifest copies and reports (and
   * those of events that wait for the relay), deletes the document, keeps the deletion receipt, appends the entries that
   * are made of what else lost its names. Where the document was the last of a batch that waits for nothing more, what its
   * files share goes too: its metadata, its submitter, and the names of its refused files.
   * Answers the receipt and the batches that held the document. Null where it was completed before.
   */
  completeErasure(
    deletionReceiptId: string,
    end: { verified: string[]; entries: (blanked: BlankedBeside) => AuditEntry[]; at: string },
  ): Promise<{ erasure: ErasureRow; batches: string[] } | null>;
  erasure(deletionReceiptId: string): Promise<ErasureRow | null>;
  /** Newest first. `after` and ties: the id, which is in order of time. */
  erasures(page: Keyset & { doc_id?: string }): Promise<{ rows: ErasureRow[]; total: number }>;
  /** Erasures under way, oldest first, behind this id. */
  pendingErasures(after: string | null, limit: number): Promise<ErasureRow[]>;
  /** Those of these documents that are being erased now. */
  erasing(docIds: readonly string[]): Promise<string[]>;
  /** Documents whose time is over at `now`, the longest over first. Keyset by both fields. O(limit). */
  expired(now: string, after: ExpiredDocument | null, limit: number): Promise<ExpiredDocument[]>;
  /** Completed erasures that were not looked after since and ended before `before`. */
  unsettledErasures(before: string, limit: number): Promise<ErasureRow[]>;
  /** Notes that what came in late was looked for. */
  settleErasure(deletionReceiptId: string, at: string): Promise<void>;
  /**
   * Sees to it that nothing deleted remains in any file behind the records. False while a reader holds it back: ask
   * again.
   */
  scrub(): Promise<boolean>;
}

export type ErasureIntent = Pick<
  ErasureRow,
  'deletion_receipt_id' | 'doc_id' | 'cause' | 'reason' | 'requested_by' | 'requested_at'
>;

/** What lost its personal references with a document. */
export interface BlankedBeside {
  /** Refused files, of the same bytes or of a batch that has no document left, as `batch_id/file_id`. */
  refused_files: readonly string[];
  /** Batches that have no document left, whose submitter went. */
  emptied_batches: readonly string[];
}

export type ExpiredDocument = Pick<DocumentRow, 'retention_until' | 'doc_id'>;
