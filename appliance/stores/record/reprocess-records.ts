import type { AuditEntry } from '../../kernel/audit-event.ts';
import type { Keyset } from './port.ts';
import type { DocumentRow, ReprocessProgress, ReprocessRow } from './rows.ts';

/**
 * Requests to run documents again. A request for many is durable and goes through its documents in their order of
 * receipt, step by step behind a cursor: a document is restarted at most once for a request, whoever works on it, is
 * killed and goes on. Documents received after the request are not its.
 */
export interface ReprocessRecords {
  /**
   * Files a request with its entry, in which the store sets `candidates`. Null where the document or batch is unknown.
   * - `document`: restarts it in the same transaction; the entry is about the document and gets `from`, `run` and
   *   `config_version` too. Malware, and what was rejected for good, is `INVALID_STATE_TRANSITION`.
   * - `batch`: its batch is `processing` from now on, and no longer cancelled where all of its files came. One that is still `receiving` is `INVALID_STATE_TRANSITION`.
   * - `below`: all documents are candidates.
   */
  startReprocess(request: NewReprocess): Promise<ReprocessProgress | null>;
  reprocess(id: string): Promise<ReprocessProgress | null>;
  /** Newest first. O(limit). */
  reprocesses(page: Keyset): Promise<{ rows: ReprocessProgress[]; total: number }>;
  /** The oldest request that has documents left to look at, or null. Asked often: O(1). */
  openReprocess(): Promise<ReprocessRow | null>;
  /** The next documents of a request, and the one that it has come to (`after`). */
  reprocessPage(id: string, limit: number): Promise<{ after: string | null; rows: DocumentRow[] }>;
  /**
   * Takes a step: restarts the documents of the page that have an entry, passes over the others, and moves the cursor
   * behind the page. With `last` the request is done and `entries` are appended, in which the store sets `examined`,
   * `restarted` and `skipped`; candidates that were erased before their page was read count as examined and skipped
   * then. False, and nothing changed, where the request is not at `after` any more.
   *
   * A document starts at the wanted stage, or earlier where what that stage reads is not there or has not passed the
   * gates; then `from`, `run` and `config_version` in its entry say what was done. From `embed` a run keeps its config,
   * since no gate sees it. A document that is gone, is malware, was rejected for good, or would go back from a newer
   * config to the request's is skipped, without its entry.
   */
  advanceReprocess(step: ReprocessStep): Promise<boolean>;
  /**
   * Ends a request that has documents left to look at, with what `entry` makes of how far it came; runs that it began go
   * on. `over` where it has none left. Repeating it changes nothing.
   */
  cancelReprocess(
    id: string,
    entry: (row: ReprocessRow) => AuditEntry,
    at: string,
  ): Promise<'cancelled' | 'over' | 'unknown'>;
}

export type NewReprocess = Omit<
  ReprocessRow,
  'status' | 'restarted_at' | 'cancelled_at' | 'candidates' | 'examined' | 'restarted' | 'skipped'
> & { config: Record<string, unknown>; entry: AuditEntry };

export interface ReprocessStep {
  reprocess_id: string;
  after: string | null;
  page: (Pick<DocumentRow, 'doc_id' | 'received_at'> & { entry: AuditEntry | null })[];
  last: boolean;
  entries: AuditEntry[];
  at: string;
}
