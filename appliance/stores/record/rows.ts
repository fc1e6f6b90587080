import type { DocumentState, StageName, StageStatus, WorkStage } from '../../kernel/pipeline.ts';

/** Rows of a tenant's record store, as plain values. Names are the spec's (spec 2). */

export type ScanResult = 'clean' | 'quarantined' | 'skipped' | 'unscannable';

/** Immutable once written. */
export interface Receipt {
  receipt_id: string;
  tenant_id: string;
  batch_id: string;
  file_id: string;
  /** Null for a rejected file. */
  doc_id: string | null;
  original_filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  scan_result: ScanResult;
  received_at: string;
  /** Null for a rejected file. */
  storage_path: string | null;
  status: 'accepted' | 'rejected' | 'quarantined';
  /** The receipt of the first copy, where the same bytes were there before. */
  duplicate_of: string | null;
  submitted_by: string;
  /** Of a rejected or quarantined file: a code, why, and what to do. */
  reason: string | null;
  message: string | null;
  remediation: string | null;
  /** Field-level details of a rejection (declared and sniffed type, both checksums, …). */
  details: Record<string, unknown> | null;
}

/** `receiving` until the last file came, then `processing`, `held` while only held files are left, `completed`. */
export type BatchState = 'receiving' | 'processing' | 'held' | 'completed' | 'cancelled';

export interface BatchRow {
  batch_id: string;
  manifest_sha256: string;
  file_count: number;
  status: BatchState;
  submitted_at: string;
  updated_at: string;
  submitted_by: string;
  submitter: string | null;
  metadata: Record<string, unknown>;
  config_version: number;
  /** When somebody cancelled it; `status` follows once all of it is at rest. */
  cancelled_at: string | null;
  /** The manifest's files, so that a broken-off batch can say what is missing. */
  files: ManifestFile[];
}

/** A batch as lists show it. */
export type BatchListing = Omit<BatchRow, 'files' | 'metadata'>;

export interface ManifestFile {
  file_id: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  metadata?: Record<string, unknown>;
  /** The resumable upload that brought it. */
  upload_id?: string;
}

export interface StageError {
  stage: WorkStage;
  code: string;
  message: string;
  retry_count: number;
  last_retry_at: string | null;
}

/** A person's word on the class of a document. It holds for the document, whichever run looks at it. */
export interface ReviewDecision {
  decision: 'approve' | 'correct';
  classification: string;
  /** What the classifier had proposed. */
  proposed: string;
  note: string | null;
  decided_by: string;
  decided_at: string;
}

/** A chunk as it was decided about. The hash is of its text before the gates: another text at its place is judged anew. */
export interface BoundChunk {
  chunk_id: string;
  text_sha256: string;
}

/** What an administrator let out of quarantine, all releases of the document together. The reason is in the event. */
export interface ReleaseDecision {
  /** Of the latest release. */
  scope: 'document' | 'chunks';
  /** Chunks that the injection gate may flag instead of keeping them out. */
  chunks: BoundChunk[];
  /** SHA-256 of the hidden texts that were known by then; any other counts as before. */
  hidden_text: string[];
  /** What a block for personal data becomes, for the types that were found by then. */
  pii: { action: 'redact' | 'flag'; types: string[] } | null;
  released_by: string;
  released_at: string;
}

/** What was refused for good: the document, or these chunks of it. The reason is in the event. */
export interface RejectionDecision {
  scope: 'document' | 'chunks';
  chunks: BoundChunk[];
  /** Hashes of passages of these chunks: what they are known by when another parser cuts the text elsewhere. */
  passages?: string[];
  rejected_by: string;
  rejected_at: string;
}

export interface DocumentRow {
  doc_id: string;
  raw_sha256: string;
  storage_path: string;
  original_filename: string;
  mime_type: string;
  size_bytes: number;
  scan_result: ScanResult;
  state: DocumentState;
  /** MALWARE_DETECTED, PII_BLOCK_POLICY, INJECTION_DETECTED, GATE_UNAVAILABLE, or null. */
  quarantine_reason: string | null;
  current_stage: StageName;
  stages: Record<StageName, StageStatus>;
  /** Grows by one with every reprocess; jobs and results of earlier runs are stale. */
  run: number;
  config_version: number;
  /** The batch and receipt that brought it first. */
  batch_id: string;
  receipt_id: string;
  metadata: Record<string, unknown>;
  received_at: string;
  /** Kept until then at least (spec 3, `retention_days`); a resend takes the later of both. */
  retention_until: string;
  parsed_at: string | null;
  indexed_at: string | null;
  canonical_sha256: string | null;
  enriched_sha256: string | null;
  vectors_sha256: string | null;
  embed_model: string | null;
  embed_version: string | null;
  page_count: number | null;
  chunk_count: number | null;
  chunks_indexed: number | null;
  chunks_quarantined: number | null;
  /** How many of those in quarantine were refused for good. */
  chunks_rejected: number | null;
  classification: string | null;
  classification_confidence: number | null;
  /** What the acceptance report shows of parsing and policy: coverage, dropped content, PII types, injection score. */
  findings: Record<string, unknown>;
  error: StageError | null;
  /** The output hash of the last link of the provenance chain, `sha256:…`. */
  last_output_hash: string | null;
  /** The INDEX_WRITTEN event that made the served version visible. */
  index_event_id: string | null;
  /** When a worker first took it for its current stage in its current run; null while none has. */
  first_attempt_at: string | null;
  /** Decisions of people. They outlive every run, and the policy gates honour them. */
  review: ReviewDecision | null;
  release: ReleaseDecision | null;
  rejection: RejectionDecision | null;
  /** The version whose chunks are visible, null while none are. The other columns follow the run at work. */
  served: ServedVersion | null;
  /** The request that restarted it last. */
  reprocess_id: string | null;
}

/** What a document's visible chunks were made of. It stays while a new run is at work, and when that one fails. */
export interface ServedVersion {
  run: number;
  config_version: number;
  canonical_sha256: string | null;
  enriched_sha256: string | null;
  vectors_sha256: string | null;
  embed_model: string | null;
  embed_version: string | null;
  /** Parser and policy versions, as the index stage told them. */
  lineage: Record<string, unknown>;
}

/** A version of a document that was served once, or is: what two parses are compared by. It holds no words. */
export interface PublishedVersion
  extends Pick<ServedVersion, 'run' | 'config_version' | 'canonical_sha256' | 'enriched_sha256' | 'lineage'> {
  doc_id: string;
  published_at: string;
}

/** Where a request lets documents begin again. */
export type ReprocessStart = Extract<WorkStage, 'parse' | 'policy' | 'embed'>;

/** A request to run documents again: one, those of a batch, or all below a version. */
export interface ReprocessRow {
  /** UUID v7. */
  reprocess_id: string;
  scope: 'document' | 'batch' | 'below';
  doc_id: string | null;
  batch_id: string | null;
  /** The version below which documents run again; the store does not look into it. */
  below: Record<string, string | number> | null;
  from_stage: ReprocessStart;
  reason: string;
  requested_by: string;
  requested_at: string;
  /** The tenant config that the new runs go by. */
  config_version: number;
  /** `restarting` until every document of the scope was restarted or passed over. */
  status: 'restarting' | 'restarted';
  restarted_at: string | null;
  /** When cancelling its batch ended it; `restarted` too then, and documents that it had not come to stay as they are. */
  cancelled_at: string | null;
  /** Documents to look at: 1, those of the batch, or all that the tenant had. */
  candidates: number;
  examined: number;
  restarted: number;
  /** Wanted, but gone, malware, rejected for good, or run under a newer config already. */
  skipped: number;
}

/** A request with where its documents stand now; those that a later request took over, or that are gone, are in none. */
export interface ReprocessProgress extends ReprocessRow {
  states: Partial<Record<DocumentState, number>>;
}

/** A tenant has two places for a vector index: one is served, the other is empty or being built. */
export type IndexNumber = 0 | 1;

/** Building a second index by another model beside the one that is served. */
export interface ReindexRow {
  /** UUID v7. */
  reindex_id: string;
  /** Of the index that is built. */
  number: IndexNumber;
  embed_model: string;
  embed_version: string;
  reason: string;
  requested_by: string;
  requested_at: string;
  /** `switched`: the new index is served. `cancelled`: it is not, and never will be. */
  status: 'building' | 'switched' | 'cancelled';
  ended_at: string | null;
  ended_by: string | null;
  /** When the index that is not served was emptied; until then no other one can be built. */
  dropped_at: string | null;
  /** Documents and chunks of the second index: those it has, and all documents it is to have. They follow what arrives. */
  documents: number;
  documents_done: number;
  chunks_done: number;
  /** Why it does not come on at present, or why it was given up. */
  error_code: string | null;
}

/** A chunk as it is served: `text` has passed the gates. */
export interface ChunkRow {
  chunk_id: string;
  doc_id: string;
  /** 0-based place in reading order. */
  position: number;
  text: string;
  page: number;
  start_char: number;
  end_char: number;
  element_type: string;
  boxes: unknown[] | null;
  path: Record<string, unknown> | null;
  /** section_title, heading_level, table_header?, table_part?. */
  metadata: Record<string, unknown>;
  /** The policy fields of spec 2 C. */
  policy: Record<string, unknown>;
  classification: string;
}

/** Spec 2 D. */
export interface IndexRecord {
  chunk_id: string;
  doc_id: string;
  tenant_id: string;
  embed_model: string;
  embed_version: string;
  embed_dimensions: number;
  vector_sha256: string;
  indexed_at: string;
}

export type DeadLetterStatus = 'pending_review' | 'resolved' | 'abandoned';
export type DeadLetterResolution = 'reprocessed' | 'skipped' | 'manual_fix';

export interface DeadLetter {
  dlq_entry_id: string;
  tenant_id: string;
  original_job_id: string;
  stage: WorkStage;
  resource_type: 'document';
  resource_id: string;
  first_attempt_at: string;
  last_attempt_at: string;
  resolved_at: string | null;
  retry_count: number;
  error: { code: string; message: string; stack_trace_hash: string };
  status: DeadLetterStatus;
  resolution: DeadLetterResolution | null;
}

/** What stands in the place of a personal reference that was erased. */
export const ERASED = '[ERASED]';

/** An erasure under way and, once completed, the deletion receipt (spec 3). Ids, hashes and counts. */
export interface ErasureRow {
  deletion_receipt_id: string;
  doc_id: string;
  raw_sha256: string;
  /** The receipt that brought the document; a later receipt of the same bytes names it. */
  receipt_id: string;
  /** Its last run. The same bytes, sent again, go on counting from here, so that no job of the old document fits. */
  run: number;
  retention_until: string | null;
  cause: 'request' | 'retention';
  reason: string;
  requested_by: string;
  requested_at: string;
  status: 'pending' | 'completed';
  /** Since when there is no way back, as nothing held the document. */
  decided_at: string | null;
  /** What was found before anything was deleted; null until it was counted. */
  inventory: ErasureInventory | null;
  /** What was deleted from the records. */
  removed: RemovedRows;
  /** Names of what was looked at again and holds nothing of the document. */
  verified: string[];
  erased_at: string | null;
}

/** What lies outside the records. */
export interface ErasureInventory {
  objects: number;
  object_bytes: number;
  vectors: number;
}

/** Rows that went (`chunks` with their full text), and those whose personal references were blanked. */
export interface RemovedRows {
  chunks: number;
  dead_letters: number;
  jobs: number;
  receipts: number;
  manifests: number;
  reports: number;
}
