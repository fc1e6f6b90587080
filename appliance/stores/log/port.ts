import type { AuditEvent, AuditReference, ResourceType } from '../../kernel/audit-event.ts';

/**
 * The audit log of one tenant (or of the appliance): append-only, every event a leaf of an RFC 6962 tree. It belongs to
 * the control plane; data planes only hand over events that they committed beside a change (relay).
 */
export interface AuditLog {
  /**
   * Appends events in the given order and answers their positions. An event that is there already keeps its position
   * (the relay may repeat itself); the same id with another content is `AUDIT_CHAIN_BROKEN`.
   */
  append(entries: readonly LogEntry[]): Promise<number[]>;
  /** Number of events, which is the tree's size. */
  size(): Promise<number>;
  /** One event with its neighbours on the same resource, or null. */
  event(eventId: string): Promise<LoggedEvent | null>;
  /**
   * Newest or oldest first: by `log_index`, and within a range of time by time, then `log_index`. Keyset by `after`.
   * O(limit + log events) with the matching index.
   */
  events(query: LogQuery): Promise<{ events: LoggedEvent[]; next: number | null }>;
  /** How many match, for `meta.total`. */
  count(query: LogFilter): Promise<number>;
  /** All events of a resource in log order: for resources that have few (documents, batches). */
  resource(type: ResourceType, id: string): Promise<LoggedEvent[]>;
  /** Events of type RETRIEVAL_EXECUTED and CONTENT_READ whose `details.doc_ids` name the document, newest first. */
  readsOf(docId: string, limit: number): Promise<LoggedEvent[]>;
  /** Streams [from, to) in log order without holding the log in memory. */
  range(from: number, to: number): AsyncIterable<LoggedEvent>;
  /**
   * Streams [from, to) as it was appended, salts included: for a log that takes over another one. Whoever gets references
   * with their salts can tell what a commitment stands for: nothing that leaves the control plane is made of these.
   */
  appended(from: number, to: number): AsyncIterable<LogEntry>;
  /** RFC 6962 leaf hashes [from, to), 32 bytes each. */
  leaves(from: number, to: number): Promise<Uint8Array[]>;
  /**
   * Removes the erasable references of a resource's events, of those up to `through` where it is given. Returns how many
   * values went; `scrub` sees to it that they remain in no file.
   */
  eraseReferences(type: ResourceType, id: string, through?: number): Promise<number>;
  /** Overwrites what erased references left in files. False where a reader holds it back: ask again. O(log). */
  scrub(): Promise<boolean>;
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface LogEntry {
  event: AuditEvent;
  references: readonly AuditReference[];
  /** SHA-256 over 0x00 ‖ RFC 8785 JSON of the event (RFC 6962 §2.1). */
  leaf_hash: Uint8Array;
}

export interface LoggedEvent extends AuditEvent {
  log_index: number;
  references: { name: string; value: string }[];
}

export interface LogFilter {
  event_type?: string;
  resource_type?: string;
  resource_id?: string;
  /** Inclusive, ISO 8601. */
  start_date?: string;
  /** Inclusive, ISO 8601. */
  end_date?: string;
  actor?: string;
  status?: string;
  /** Only events up to this `log_index`, itself included. */
  through?: number;
}

export interface LogQuery extends LogFilter {
  sort: 'asc' | 'desc';
  limit: number;
  /** Continue behind this `log_index` in the direction of `sort`. */
  after?: number;
  /** Skip this many (page numbers); prefer `after`. */
  offset?: number;
}
