import type { AcceptanceReport, FileOutcome } from '../api/schemas/ingest.ts';
import { type DocumentRow, ERASED, type ErasureRow, type ManifestFile, type Receipt } from '../stores/record/rows.ts';
import { problemsOf } from './report-problems.ts';

/** What the acceptance report says of one file: how it came in, what came out of it, where it ended. */

export interface BatchFile {
  file: ManifestFile;
  receipt: Receipt | null;
  document: DocumentRow | null;
  /** Of an erased file why, where its deletion receipt is at hand. */
  erased_because?: ErasureRow['cause'] | null;
}

/** What the stages leave in `findings`; documents of an earlier version may lack any of it. */
export interface Findings {
  parsing?: {
    coverage?: number;
    pages?: number;
    chunks?: number;
    tables?: number;
    figures?: number;
    ocr_pages?: number;
    ocr_avg_confidence?: number | null;
    dropped_content?: { element_type: string; page: number; reason: string; remediation: string }[];
    hidden_text?: { kind: string; page: number; characters: number }[];
    warnings?: string[];
  };
  policy?: {
    injection_max_score?: number;
    chunks_flagged?: number;
    chunks_quarantined?: number;
    pii_types?: string[];
    pii_action_taken?: string;
    policy_version?: string;
  };
}

type Line = AcceptanceReport['files'][number];

export const findingsOf = (document: DocumentRow): Findings => document.findings as Findings;

/** One file's line of the report. */
export function reportLine(batchFile: BatchFile): Line {
  const { file, receipt, document } = batchFile;
  const outcome = outcomeOf(batchFile);
  return {
    file_id: file.file_id,
    original_filename: outcome === 'erased' ? ERASED : file.filename,
    doc_id: receipt?.doc_id ?? null,
    status: outcome === 'erased' ? 'erased' : (document?.state ?? receipt?.status ?? 'missing'),
    outcome,
    duplicate_of: receipt?.duplicate_of ?? null,
    intake: {
      receipt_id: receipt?.receipt_id ?? null,
      received_at: receipt?.received_at ?? null,
      mime_type: receipt?.mime_type ?? file.mime_type,
      size_bytes: file.size_bytes,
      sha256: file.sha256,
      reason: receipt?.reason ?? null,
      message: receipt?.message ?? null,
      remediation: receipt?.remediation ?? null,
      details: receipt?.details ?? null,
      scan_result: receipt?.scan_result ?? null,
    },
    parsing: document && parsingOf(document),
    policy: document && policyOf(document),
    indexing: document && indexingOf(document),
    problems: problemsOf(batchFile, outcome),
  };
}

/** A file that brought a document which is gone, or going. */
export function isErased({ receipt, document }: BatchFile): boolean {
  return receipt !== null && receipt.doc_id !== null && document === null;
}

/** The one place where a file is counted. */
function outcomeOf(file: BatchFile): FileOutcome {
  const { receipt, document } = file;
  if (receipt === null) return 'missing';
  if (receipt.status === 'rejected') return 'rejected';
  if (isErased(file)) return 'erased';
  if (document === null) return 'quarantined';
  const { state } = document;
  return state === 'indexed' || state === 'held' || state === 'quarantined' || state === 'cancelled' ? state : 'failed';
}

function parsingOf(document: DocumentRow): Line['parsing'] {
  if (document.canonical_sha256 === null) return null;
  const { parsing = {} } = findingsOf(document);
  return {
    coverage: parsing.coverage ?? null,
    pages: parsing.pages ?? null,
    chunks: parsing.chunks ?? null,
    tables: parsing.tables ?? null,
    figures: parsing.figures ?? null,
    ocr_pages: parsing.ocr_pages ?? null,
    ocr_avg_confidence: parsing.ocr_avg_confidence ?? null,
    dropped_content: parsing.dropped_content ?? [],
    hidden_text: parsing.hidden_text ?? [],
    warnings: parsing.warnings ?? [],
  };
}

function policyOf(document: DocumentRow): Line['policy'] {
  const { policy } = findingsOf(document);
  if (policy === undefined || document.enriched_sha256 === null) return null;
  return {
    injection_max_score: policy.injection_max_score ?? null,
    chunks_flagged: policy.chunks_flagged ?? null,
    chunks_quarantined: policy.chunks_quarantined ?? null,
    pii_types: policy.pii_types ?? [],
    pii_action_taken: policy.pii_action_taken ?? null,
    classification: document.classification,
    classification_confidence: document.classification_confidence,
    human_override: document.review != null,
    released: document.release != null,
    config_version: document.config_version,
    policy_version: policy.policy_version ?? null,
  };
}

/** Whether the file's newest version is not in search but an earlier one is: the run that was to replace it did not end well. */
export function keepsEarlier({ outcome, indexing }: Pick<Line, 'outcome' | 'indexing'>): boolean {
  return (outcome === 'failed' || outcome === 'cancelled') && indexing !== null;
}

/** What is in search. A gate that stopped a document took out what an earlier version had there. */
function indexingOf(document: DocumentRow): Line['indexing'] {
  if (document.indexed_at === null || STOPPED.has(document.state)) return null;
  return {
    chunks_indexed: document.chunks_indexed,
    indexed_at: document.indexed_at,
    embed_model: document.embed_model,
    embed_version: document.embed_version,
  };
}

const STOPPED: ReadonlySet<string> = new Set(['held', 'quarantined', 'policy_failed']);
