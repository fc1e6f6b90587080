import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Keyset } from './port.ts';
import type { IndexNumber, IndexRecord, ReindexRow } from './rows.ts';

/**
 * Building a second vector index beside the one that is served (spec 2 E, "Changing a tenant's model"). What it lacks is a
 * list of documents: all that are served when it begins, and each that is published while it is built. Workers take from
 * the list, each for a while; when nothing is on it any more the second index is whole, and can be served.
 */
export interface ReindexRecords {
  /**
   * The index that searches read: its number, and the model and version that it was made with; null while nothing is
   * indexed. `building`: the number of the one beside it. O(1).
   */
  vectorIndex(): Promise<VectorIndex>;
  /** True where chunks are served whose vectors another model, or another version of it, made. O(chunks). */
  isMixed(model: string, version: string): Promise<boolean>;
  /**
   * Begins to build the other index and appends `entry`, all documents that are served on its list. Null, and nothing is
   * written, where one is being built already, or the last one's leavings are not gone yet.
   */
  startReindex(request: NewReindex): Promise<ReindexRow | null>;
  /** The one that is not over, its leavings included. Asked often: O(1), without counts. */
  openReindex(): Promise<ReindexRow | null>;
  reindex(id: string): Promise<ReindexRow | null>;
  /** Newest first. */
  reindexes(page: Keyset): Promise<{ rows: ReindexRow[]; total: number }>;
  /**
   * Takes documents from the list for this worker until `until`: some that nobody holds at `now`, with at most `chunks`
   * chunks in all, or one with more. A document that is being erased is left alone; one that is not served any more leaves
   * the list. `isWhole`: nothing is on the list, whoever holds it.
   */
  takeToReindex(
    id: string,
    wish: { worker: string; chunks: number; now: string; until: string },
  ): Promise<{ documents: ReindexDocument[]; isWhole: boolean }>;
  /** Holds them longer; answers those that are this worker's still, and stand as they were taken. */
  holdToReindex(documents: readonly ReindexDocument[], worker: string, until: string): Promise<string[]>;
  /** Gives back what this worker holds, or these documents. With `error_code` the reindex says why it does not come on. */
  leaveReindex(worker: string, how?: { doc_ids?: readonly string[]; error_code?: string }): Promise<void>;
  /** Workers that hold something. */
  reindexWorkers(): Promise<string[]>;
  /** Whether a worker holds the document at `now`. */
  isReindexing(docId: string, now: string): Promise<boolean>;
  /**
   * Notes that the second index has the document, and appends `entries` where the document is at rest in the version that
   * is served (otherwise they would not fit its chain). False, and nothing is written, where this worker holds it no more,
   * another version of it is served, it is being erased, or nothing is built any more.
   */
  noteReindexed(done: ReindexedDocument): Promise<boolean>;
  /**
   * Puts the document on the list of the index that is built, whatever was noted of it: somebody may have written to that
   * index what does not belong there. Does nothing where none is built or nothing of it is served.
   */
  reindexAgain(docId: string): Promise<void>;
  /**
   * Serves the second index from now on, with what `entry` makes of it, in one transaction. False where something is on
   * its list, or it is not built any more.
   */
  switchReindex(id: string, entry: (row: ReindexRow) => AuditEntry, at: string): Promise<boolean>;
  /** Gives the second index up. `over` where it is served, or was given up before. */
  cancelReindex(
    id: string,
    end: { by: string; error_code: string | null; entry(row: ReindexRow): AuditEntry; at: string },
  ): Promise<'cancelled' | 'over' | 'unknown'>;
  /** Takes it on to empty the index that is not served. False where another worker does so at `now`. */
  takeToDrop(id: string, wish: { worker: string; now: string; until: string }): Promise<boolean>;
  /** The index that is not served is empty. */
  noteDropped(id: string, at: string): Promise<void>;
}

export interface VectorIndex {
  served: IndexNumber;
  building: IndexNumber | null;
  embed_model: string | null;
  embed_version: string | null;
}

export type NewReindex = Pick<
  ReindexRow,
  'reindex_id' | 'embed_model' | 'embed_version' | 'reason' | 'requested_by' | 'requested_at'
> & { entry: AuditEntry };

/** A document on the list, in the version that is served. */
export interface ReindexDocument {
  doc_id: string;
  run: number;
  canonical_sha256: string | null;
  enriched_sha256: string | null;
  received_at: string;
}

export interface ReindexedDocument extends Pick<ReindexDocument, 'doc_id' | 'run'> {
  reindex_id: string;
  worker: string;
  vectors_sha256: string;
  index_records: readonly IndexRecord[];
  /** DOCUMENT_EMBEDDED and INDEX_WRITTEN, which is the last. */
  entries: readonly AuditEntry[];
  /** What the chain continues from, `sha256:…`. */
  output_hash: string;
  at: string;
}
