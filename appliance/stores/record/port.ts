import type { AuditEntry, AuditEvent, AuditReference } from '../../kernel/audit-event.ts';
import type { DocumentState, StageStatus, WorkStage } from '../../kernel/pipeline.ts';
import type { TextLanguage } from '../../kernel/text-language.ts';
import type { Job } from '../queue/port.ts';
import type { ErasureRecords } from './erasure-records.ts';
import type { ReindexRecords } from './reindex-records.ts';
import type { ReprocessRecords } from './reprocess-records.ts';
import type {
  BatchListing,
  BatchRow,
  BatchState,
  ChunkRow,
  DeadLetter,
  DeadLetterResolution,
  DeadLetterStatus,
  DocumentRow,
  IndexNumber,
  IndexRecord,
  ManifestFile,
  PublishedVersion,
  Receipt,
  RejectionDecision,
  ReleaseDecision,
  ReprocessRow,
  ReviewDecision,
  StageError,
} from './rows.ts';
import type { UploadRecords } from './upload-records.ts';

export type { BlankedBeside, ErasureIntent, ErasureRecords, ExpiredDocument } from './erasure-records.ts';
export type {
  NewReindex,
  ReindexDocument,
  ReindexedDocument,
  ReindexRecords,
  VectorIndex,
} from './reindex-records.ts';
export type { NewReprocess, ReprocessRecords, ReprocessStep } from './reprocess-records.ts';
export type { NewUpload, UploadRecords, UploadRow, UploadSegment, UploadState } from './upload-records.ts';

/**
 * The records of one tenant: the truth of the pipeline. Every verb is one transaction, durable on return; the audit
 * entries it is given commit with the change they report, or neither does (spec 5). Verbs that end a stage are fenced by
 * (doc_id, run, stage): a worker that was overtaken gets `false` and has changed nothing.
 *
 * Jobs are handed to the queue through an outbox: written with the change, relayed afterwards, made again by the sweep.
 */
export interface RecordStore
  extends IntakeRecords,
    StageRecords,
    OutboxRecords,
    BatchRecords,
    ServeRecords,
    DeadLetterRecords,
    DecisionRecords,
    UploadRecords,
    ErasureRecords,
    ReprocessRecords,
    ReindexRecords,
    AuditOutbox {
  usage(): Promise<{ bytes: number; objects: number }>;
  /** Throws `STORE_UNAVAILABLE`, `STORE_READ_ONLY`, `STORE_CORRUPTED` or `DISK_FULL`. */
  check(): Promise<void>;
  close(): Promise<void>;
}

// Intake ------------------------------------------------------------------------------------------------------------

export interface IntakeRecords {
  /** The batch, or null. */
  batch(batchId: string): Promise<BatchRow | null>;
  /** Receipts of a batch, in the manifest's order. */
  receipts(batchId: string): Promise<Receipt[]>;
  receipt(receiptId: string): Promise<Receipt | null>;
  /**
   * Takes what has arrived of a batch, all of it or nothing: the batch row, a receipt per decided file, documents, jobs
   * and audit entries. O(files of the batch) a call: hand over many
   * files at once. Files that have a receipt already keep it. With `complete` the batch leaves `receiving`.
   * A document whose id is there under another full hash becomes a rejection `DOC_ID_COLLISION`; one whose bytes are
   * there already gets a receipt with `duplicate_of` and no job, unless the first try failed (`*_failed`, `cancelled`):
   * then it runs again from parse, under this batch's config, or the one it ran by where that is newer, and its pending
   * dead letters are resolved as `reprocessed`, each with DLQ_RESOLVED under the submitter's name. The batch is linked to
   * the document and its metadata joined, the newer value winning. A batch keeps the config it began with.
   *
   * What the store finds decides over what intake thought, and receipt and entry follow it:
   * - collision: receipt `rejected` without `doc_id` and `storage_path`; DOCUMENT_REJECTED on `batch_id/file_id`, reason in
   *   `details.reason`;
   * - duplicate: `details.duplicate_of`; without a new run also no `input_hash` and `output_hash`, as nothing was made;
   * - duplicate of a quarantined document: receipt `quarantined` with its reason, DOCUMENT_QUARANTINED, `duplicate_of`;
   * - quarantined decision for a document that had passed (newly known malware): the document goes to quarantine, what
   *   was served of it is gone, jobs of its run are stale, its settled batches are open again;
   * - the batch's entries: `accepted`, `rejected`, `quarantined` and `duplicates`, where they report them, as the receipts
   *   of the whole batch turned out;
   * - a document that is being erased: `SERVICE_UNAVAILABLE` with `retryAfter`, and nothing is written;
   * - a document that was erased: a new one, whose receipt is `duplicate_of` the erased one's.
   */
  receive(arrival: BatchArrival): Promise<ReceiveOutcome>;
}

export interface BatchArrival {
  batch: Omit<BatchRow, 'status' | 'updated_at' | 'cancelled_at'>;
  /** The tenant config this batch runs under, kept by version so that a stage needs nobody else to know it. */
  config: Record<string, unknown>;
  /**
   * The tenant config as it is now, where that is not the batch's. New documents run by the newest that the store knows:
   * what began to arrive before a redaction was ordered must not undo it.
   */
  under?: { config_version: number; config: Record<string, unknown> };
  files: FileDecision[];
  complete: boolean;
  /**
   * Uploads that the files came from: `taken` from here on, and their segments forgotten. One that is no longer there
   * does not matter, since its bytes are here.
   */
  uploads?: readonly string[];
  /**
   * What the raw files of the tenant and the bytes that uploads announce may take in all. Where this arrival would take
   * them beyond it, nothing of it is written and `receive` throws `QUOTA_EXCEEDED`: two batches at once cannot both pass
   * on the same free space.
   */
  quota_bytes: number;
  /** Entries about the batch itself; written only when `complete` and the batch was not complete before. */
  entries: AuditEntry[];
}

export type FileDecision =
  | { kind: 'accepted' | 'quarantined'; receipt: Receipt; document: NewDocument; entry: AuditEntry }
  | { kind: 'rejected'; receipt: Receipt; entry: AuditEntry };

export type NewDocument = Pick<
  DocumentRow,
  | 'doc_id'
  | 'raw_sha256'
  | 'storage_path'
  | 'original_filename'
  | 'mime_type'
  | 'size_bytes'
  | 'scan_result'
  | 'metadata'
  | 'received_at'
  | 'retention_until'
  | 'quarantine_reason'
>;

export type ReceiveOutcome =
  | { kind: 'received'; batch: BatchRow; receipts: Receipt[] }
  /** The batch id is there with another manifest. Nothing was written. */
  | { kind: 'conflict' }
  /** Another batch has taken these uploads. Nothing was written. */
  | { kind: 'uploads_taken'; upload_ids: string[] }
  /** Somebody cancelled the batch before all of it had come. Nothing was written. */
  | { kind: 'cancelled' };

// Stages ------------------------------------------------------------------------------------------------------------

export interface StageRecords {
  document(docId: string): Promise<DocumentRow | null>;
  /** The document's run, or null where `document` is; asked again and again by whoever is at work. O(1). */
  currentRun(docId: string): Promise<number | null>;
  /** The tenant config of a version, as it was when a batch arrived under it. */
  config(version: number): Promise<Record<string, unknown> | null>;
  /** Marks the stage `processing`. Null when the job is stale: another run, another stage, or the stage is done. */
  startStage(job: Job, at: string): Promise<DocumentRow | null>;
  /**
   * Ends a stage well: applies `patch`, appends `entries`, and either queues `next`, or leaves the document in `state`.
   * `again`: the index that it was embedded for is not served any more; its next run begins at the embed stage.
   * Where it stops there (`held`, `quarantined`), what an earlier version served is gone with it: rows, full text, index
   * records. False when the job is stale.
   */
  finishStage(end: StageEnd): Promise<boolean>;
  /**
   * Ends the index stage: replaces the document's chunk rows, full text and index records by these, makes them visible,
   * sets `indexed` and which version is served, and appends `entries`. All in one transaction. False when the job is stale,
   * and where the index that its vectors were written to is not served any more, or made by another model.
   */
  publish(publication: Publication): Promise<boolean>;
  /** Records a failed attempt that will be tried again. */
  noteRetry(job: Job, error: StageError, at: string): Promise<boolean>;
  /**
   * Gives up: sets the failed (or quarantined) state, files the dead letter if any, appends `entries`. After
   * `policy_failed` and `quarantined` nothing of an earlier version is served any more; after other failures it stays.
   */
  failStage(failure: StageFailure): Promise<boolean>;
  /**
   * Starts a new run from a stage; its job goes to the outbox. Returns the new run, or null for an unknown document.
   * Earlier stages count as completed, `last_output_hash` becomes the hash of what the stage reads, dead letters of the
   * document that are still pending are resolved as `reprocessed`, each with a DLQ_RESOLVED of the store's own under the
   * actor of the first entry, and its settled batches are `processing` again. What is served stays served until the run
   * ends. With `under` the run, and what follows, goes by that config. A document with malware, or one that was rejected
   * for good, is `INVALID_STATE_TRANSITION`.
   */
  restart(docId: string, from: WorkStage, entries: AuditEntry[], at: string, under?: RunConfig): Promise<number | null>;
}

/** The tenant config a run goes by; kept by version, where it is not there yet. */
export interface RunConfig {
  config_version: number;
  config: Record<string, unknown>;
}

/** Columns that a stage may set. */
export type DocumentPatch = Partial<
  Pick<
    DocumentRow,
    | 'parsed_at'
    | 'canonical_sha256'
    | 'enriched_sha256'
    | 'vectors_sha256'
    | 'embed_model'
    | 'embed_version'
    | 'page_count'
    | 'chunk_count'
    | 'chunks_indexed'
    | 'chunks_quarantined'
    | 'chunks_rejected'
    | 'classification'
    | 'classification_confidence'
    | 'quarantine_reason'
    | 'last_output_hash'
  >
> & {
  /** Merged into `findings`, key by key. */
  findings?: Record<string, unknown>;
};

export interface StageEnd {
  job: Job;
  patch: DocumentPatch;
  entries: AuditEntry[];
  at: string;
  /** `advance` queues the next stage, `again` the embed stage; `held` and `quarantined` stop here. */
  outcome: 'advance' | 'again' | 'held' | 'quarantined';
}

export interface Publication {
  job: Job;
  /** The index that the vectors were written to; left out, nobody asks. */
  vector_index?: IndexNumber;
  /** In reading order, `position` from 0 without a gap. */
  chunks: ChunkRow[];
  index_records: IndexRecord[];
  patch: DocumentPatch;
  entries: AuditEntry[];
  /** Which of `entries` is INDEX_WRITTEN. */
  index_event_id: string;
  /** Kept with the served version: what its lineage shows beside the hashes. Nothing where it is left out. */
  lineage?: Record<string, unknown>;
  /**
   * The language of the chunks' texts, by whose stems full text finds them. Left out or null they are cut as English is:
   * texts of a language that nobody knows, too.
   */
  language?: TextLanguage | null;
  at: string;
}

export interface StageFailure {
  job: Job;
  error: StageError;
  state: DocumentState;
  status: StageStatus;
  patch: DocumentPatch;
  dead_letter: DeadLetter | null;
  entries: AuditEntry[];
  at: string;
}

export interface OutboxRecords {
  /** Jobs written with a change and not yet handed to the queue, oldest first. */
  outbox(limit: number): Promise<Job[]>;
  clearOutbox(jobIds: readonly string[]): Promise<void>;
  /** Jobs that must exist for every document that is `processing`: what the sweep adds again. Keyset by doc_id. */
  unfinished(after: string | null, limit: number): Promise<Job[]>;
}

// Batches -----------------------------------------------------------------------------------------------------------

export interface BatchRecords {
  /** Without the manifests' files, so that a page costs the same however large its batches are. */
  batches(page: Keyset & { status?: BatchState }): Promise<{ rows: BatchListing[]; total: number }>;
  /** Receipts of a batch with the documents they stand for, in the manifest's order. */
  batchFiles(batchId: string): Promise<{ file: ManifestFile; receipt: Receipt | null; document: DocumentRow | null }[]>;
  /**
   * True while a document of the batch is `processing`, or may still be restarted by an open request (`reprocesses`):
   * what is asked after each of its documents, so it must cost little beside `batchFiles`.
   */
  isUnderWay(batchId: string): Promise<boolean>;
  /** Batches that hold the document. */
  batchesOf(docId: string): Promise<string[]>;
  /** Batches in `processing` or `held`, for the sweep that settles them. */
  openBatches(after: string | null, limit: number): Promise<string[]>;
  /**
   * Sets the batch's state when it differs, with its report. True when this call made the change, so that the entry
   * (BATCH_COMPLETED) is written once. False, too, where a document of the batch moved since the report was made: look
   * again and make a new one.
   */
  settleBatch(settlement: BatchSettlement): Promise<boolean>;
  report(batchId: string): Promise<Record<string, unknown> | null>;
  /**
   * Where these batches stand, without their files: what is asked for thousands at a time, so each must cost one look-up.
   * Unknown ones are left out; order of `batch_id`. `updated_at` moves with every change of status or report.
   */
  batchStates(
    batchIds: readonly string[],
  ): Promise<Pick<BatchRow, 'batch_id' | 'manifest_sha256' | 'status' | 'updated_at'>[]>;
  /**
   * Cancels what has not started: documents of the batch that are `processing` while none of their stages runs become
   * `cancelled`, and their jobs are stale; what runs goes on, and so does a document that another batch holds which is
   * under way and not cancelled. Requests that still run the batch's documents again end, wherever they have come to. The
   * batch leaves `receiving` and notes `cancelled_at`. Repeating it takes what has come to wait meanwhile. The entries
   * made of the outcome are written where anything changed.
   */
  cancelBatch(batchId: string, entries: (work: CancelledWork) => AuditEntry[], at: string): Promise<CancelOutcome>;
}

export interface CancelledDocuments {
  cancelled: readonly string[];
  /** Documents that go on. */
  running: number;
}

/** With the requests to run the batch again that ended before their time, as they are then. */
export interface CancelledWork extends CancelledDocuments {
  requests: readonly ReprocessRow[];
}

export type CancelOutcome =
  | ({ kind: 'cancelled' } & CancelledDocuments)
  | { kind: 'unknown' }
  /** All of the batch is at rest: there is nothing to cancel. */
  | { kind: 'over'; status: BatchState };

export interface BatchSettlement {
  batch_id: string;
  status: BatchState;
  report: Record<string, unknown>;
  /** Every document of the batch as the report tells it. */
  seen: readonly DocumentMark[];
  entries: AuditEntry[];
  at: string;
}

/** What a report depends on: a document in its run and state. */
export type DocumentMark = Pick<DocumentRow, 'doc_id' | 'run' | 'state'>;

// Serve -------------------------------------------------------------------------------------------------------------

/**
 * Page numbers or, for long lists, a cursor: the id of the last row seen (`batch_id`, `doc_id`, …). Newest
 * first, ties by id. A row that has gone since is a place in the list all the same; a cursor that names none is
 * `VALIDATION_ERROR` where ids are not in order of time. With `after`, `offset` is not looked at.
 */
export interface Keyset {
  limit: number;
  offset?: number;
  after?: string;
}

export interface TextQuery {
  /** Plain words; the adapter quotes them, so that no operator of its full-text language can be injected. */
  text: string;
  limit: number;
  classification?: readonly string[];
  /** Inclusive bounds on the document's `received_at`. */
  date_range?: { start?: string; end?: string };
  doc_ids?: readonly string[];
  /** Conditions on document metadata, all of which must be met; none restricts nothing. */
  metadata?: readonly MetadataCondition[];
}

/**
 * One condition on a document's metadata: the field's own value, or (`item`) one item of its array, is of this kind and
 * one of these. Kinds never match each other: 1 is not true, nor "1". A text may also be looked at as the moment that it
 * stands for: a date of the calendar (its beginning in UTC), or a date with time and offset, to the millisecond.
 * Metadata nested deeper than a store reads meet nothing; texts of more than 1,000 UTF-16 units need not be found.
 */
export type MetadataCondition = { field: string; of: 'value' | 'item' } & (
  | { kind: 'text'; any_of: readonly string[] }
  | { kind: 'boolean'; any_of: readonly boolean[] }
  /** A moment's bounds are milliseconds since the epoch. */
  | { kind: 'number' | 'moment'; any_of: readonly ValueRange[] }
);

/** Without a bound it is open on that side. */
export interface ValueRange {
  gte?: number;
  gt?: number;
  lte?: number;
  lt?: number;
}

/** What the retrieval proof needs of a chunk. */
export interface ServedChunk extends ChunkRow {
  /** As the publication said. */
  language: TextLanguage | null;
  original_filename: string;
  raw_sha256: string;
  canonical_sha256: string;
  received_at: string;
  indexed_at: string;
  document_metadata: Record<string, unknown>;
  index: IndexRecord;
  index_event_id: string;
  /** Position of INDEX_WRITTEN in the tenant's log; null until it was relayed. */
  log_index: number | null;
}

export interface ServeRecords {
  /**
   * Ranked by BM25 over visible chunks, best first, ties by chunk id. `score` is larger for better. A word is looked for as
   * texts of each language have it that the tenant has texts of: O(matches × words), and words × languages to begin with.
   */
  searchText(query: TextQuery): Promise<{ chunk_id: string; score: number }[]>;
  /**
   * Ids of the documents whose metadata meet every condition, in no order; null where there are more than `limit`. Means
   * what `TextQuery.metadata` means. O(stored values that meet a condition), whatever the number of documents and chunks.
   */
  documentsWith(metadata: readonly MetadataCondition[], limit: number): Promise<string[] | null>;
  /** Visible chunks by id; unknown or invisible ones are left out. Order as asked. */
  servedChunks(chunkIds: readonly string[]): Promise<ServedChunk[]>;
  /** A document's visible chunks in reading order. Chunks are visible from `publish` on, also while a new run is at work,
   * until the next `publish` or a quarantine. `offset` is a position: O(limit). */
  documentChunks(docId: string, page: { limit: number; offset: number }): Promise<ServedChunk[]>;
  /** Versions of a document that were served, the latest first; none of one that is being erased. O(limit). */
  versions(docId: string, limit: number): Promise<PublishedVersion[]>;
  /** `sort` is by arrival: `desc`, newest first, unless it says otherwise. */
  documents(
    page: Keyset & { state?: DocumentState; batch_id?: string; sort?: 'asc' | 'desc' },
  ): Promise<{ rows: DocumentRow[]; total: number }>;
  /** Counts for `usage` of the tenant; `dead_letters` are those pending review. O(1). */
  counts(): Promise<{ batches: number; documents: number; chunks: number; raw_bytes: number; dead_letters: number }>;
  /** Appends entries that report no change of a row (searches, reads). */
  appendEntries(entries: AuditEntry[]): Promise<void>;
}

export interface DeadLetterRecords {
  deadLetters(
    page: Keyset & { status?: DeadLetterStatus; stage?: WorkStage },
  ): Promise<{ rows: DeadLetter[]; total: number }>;
  deadLetter(id: string): Promise<DeadLetter | null>;
  /**
   * Resolves a pending entry; with `restart` its document runs again from that stage. False when it was not pending. Throws
   * `RESOURCE_NOT_FOUND` for a restart of a document that is being erased, and resolves nothing then.
   */
  resolveDeadLetter(decision: {
    dlq_entry_id: string;
    status: Exclude<DeadLetterStatus, 'pending_review'>;
    resolution: DeadLetterResolution | null;
    restart: WorkStage | null;
    entries: AuditEntry[];
    at: string;
  }): Promise<boolean>;
  /**
   * True while a dead letter of `DIMENSION_MISMATCH` is pending (spec 2 D: it halts the tenant's embedding). So the halt
   * outlives every process, and ends with the decision about the last of them. O(1).
   */
  isEmbeddingHalted(): Promise<boolean>;
}

// Decisions of people -----------------------------------------------------------------------------------------------

export interface QuarantineFilter {
  /** MALWARE_DETECTED, PII_BLOCK_POLICY, INJECTION_DETECTED or GATE_UNAVAILABLE. */
  reason?: string;
  /** `document`: all of it is in quarantine; `chunks`: it is indexed without some of its chunks. */
  scope?: 'document' | 'chunks';
  /** `rejected`: refused for good, all of it that is in quarantine. */
  status?: 'open' | 'rejected';
}

/** What a person decided about a document that they saw. */
export interface DocumentDecision {
  /** The document as it was then. */
  seen: DocumentRow;
  /** The decisions that change; the others stay. */
  set: Partial<{ review: ReviewDecision; release: ReleaseDecision; rejection: RejectionDecision }>;
  /** With a rejection of chunks: how many of those in quarantine are refused by now. */
  chunks_rejected?: number;
  /** Where the next run begins; null leaves the document at rest. */
  restart: WorkStage | null;
  entries: AuditEntry[];
  at: string;
}

export interface DecisionRecords {
  /**
   * Documents in quarantine, and indexed ones of which chunks are, newest first. What no gate could judge
   * (`policy_failed`) is among them. O(limit), whatever the filter.
   */
  quarantined(page: Keyset & QuarantineFilter): Promise<{ rows: DocumentRow[]; total: number }>;
  /**
   * Takes decisions, all in one transaction: stores each on its document, begins the next run where one is asked for (as
   * `restart` does), and appends its entries. A document that is no longer as it was `seen` (another run or state, another
   * decision) is left alone, with all that belongs to it. Returns the ids of those that were decided.
   * A document rejected as a whole goes to quarantine, whatever kept it there; nothing of it is served, and its pending
   * dead letters are abandoned. Malware that would run is `INVALID_STATE_TRANSITION`, and then nothing was decided.
   */
  decide(decisions: readonly DocumentDecision[]): Promise<string[]>;
  /** The latest receipt with which intake put the document into quarantine; null where intake never did. */
  quarantineReceipt(docId: string): Promise<Receipt | null>;
}

// Audit -------------------------------------------------------------------------------------------------------------

/** Events that were committed here and wait for the relay to the tenant's log. */
export interface AuditOutbox {
  /** Events behind the relayed ones, in commit order. */
  pendingEvents(limit: number): Promise<{ seq: number; event: AuditEvent; references: AuditReference[] }[]>;
  /**
   * Records where the log put them, in order and without gaps (else `AUDIT_CHAIN_BROKEN`); repeating is harmless. Their
   * personal references go: from now on the log alone holds them.
   */
  markRelayed(positions: readonly { seq: number; event_id: string; log_index: number }[]): Promise<void>;
}
