import { canonicalJson } from '../../kernel/canonical-json.ts';
import { sha256Hex } from '../../kernel/digest.ts';

/** What the ledger remembers (spec 7). A revocation names tokens, a suspension the epoch behind which all are dead. */
export const LEDGER_KINDS = [
  'document_erased',
  'hold_set',
  'hold_lifted',
  'tenant_suspended',
  'tenant_resumed',
  'tenant_deleted',
  'tokens_revoked',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** One line of the ledger. */
export interface LedgerEntry {
  /** 1, 2, 3, … without gaps. */
  seq: number;
  kind: LedgerKind;
  /** `_appliance` for tokens without a tenant. */
  tenant_id: string;
  resource_id: string;
  at: string;
  /** Ids and numbers only. */
  details: Record<string, unknown>;
  /** The audit event that reports the same. */
  event_id: string;
  previous_hash: string;
  /** SHA-256 over the RFC 8785 JSON of all the rest. */
  hash: string;
}

/** What stands before the first entry. */
export const GENESIS = '0'.repeat(64);

/** The hash of an entry: hex SHA-256 over the canonical JSON of its other fields. */
export function entryHash(entry: Omit<LedgerEntry, 'hash'>): string {
  const { seq, kind, tenant_id, resource_id, at, details, event_id, previous_hash } = entry;
  return sha256Hex(canonicalJson({ seq, kind, tenant_id, resource_id, at, details, event_id, previous_hash }));
}

export interface LedgerBreak {
  seq: number;
  problem: 'place' | 'previous_hash' | 'hash';
}

/**
 * Checks a whole ledger: places without gaps, each entry its own hash and that of the one before. Pure, O(entries).
 * `head` is the hash of the last entry.
 */
export function verifyLedger(entries: readonly LedgerEntry[]): { valid: boolean; head: string; breaks: LedgerBreak[] } {
  const breaks: LedgerBreak[] = [];
  let head = GENESIS;
  for (const [at, entry] of entries.entries()) {
    if (entry.seq !== at + 1) breaks.push({ seq: entry.seq, problem: 'place' });
    else if (entry.previous_hash !== head) breaks.push({ seq: entry.seq, problem: 'previous_hash' });
    else if (entryHash(entry) !== entry.hash) breaks.push({ seq: entry.seq, problem: 'hash' });
    head = entry.hash;
  }
  return { valid: breaks.length === 0, head, breaks };
}
