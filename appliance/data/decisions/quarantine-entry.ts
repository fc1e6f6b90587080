import type { QuarantineItem } from '../../api/schemas/quarantine.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { DocumentRow } from '../../stores/record/rows.ts';

/** How a document stands in quarantine, and what may be done about it. */

export type QuarantineEntry = Pick<QuarantineItem, 'reason' | 'scope' | 'status'>;

/** What of the document is in quarantine and why, as the record store lists it; null where nothing is. */
export function quarantineEntry(row: DocumentRow): QuarantineEntry | null {
  const whole = row.state === 'quarantined' || (row.state === 'policy_failed' && row.quarantine_reason !== null);
  if (whole) {
    const reason = (row.quarantine_reason ?? 'GATE_UNAVAILABLE') as QuarantineEntry['reason'];
    return { reason, scope: 'document', status: row.rejection?.scope === 'document' ? 'rejected' : 'open' };
  }
  const kept = row.state === 'indexed' ? (row.chunks_quarantined ?? 0) : 0;
  if (kept === 0) return null;
  const status = (row.chunks_rejected ?? 0) >= kept ? 'rejected' : 'open';
  return { reason: 'INJECTION_DETECTED', scope: 'chunks', status };
}

/** The entry, or 404: what is not in quarantine is not found there. */
export function inQuarantine(row: DocumentRow): QuarantineEntry {
  const entry = quarantineEntry(row);
  if (entry) return entry;
  throw new FrostbyteError('RESOURCE_NOT_FOUND', 'Nothing of this document is in quarantine.');
}

/** The entry of what may be released. Throws `INVALID_STATE_TRANSITION` with the reason and what to do instead. */
export function releasableEntry(row: DocumentRow): QuarantineEntry {
  return allowed(row, whyNotReleased(row));
}

/** The entry of what may be refused for good; everything may, once. Throws `INVALID_STATE_TRANSITION`. */
export function rejectableEntry(row: DocumentRow): QuarantineEntry {
  return allowed(row, whyNotRejected(row));
}

function allowed(row: DocumentRow, refusal: string | null): QuarantineEntry {
  if (refusal === null) return quarantineEntry(row)!;
  throw new FrostbyteError('INVALID_STATE_TRANSITION', refusal);
}

function whyNotReleased(row: DocumentRow): string | null {
  const reason = quarantineEntry(row)?.reason;
  if (reason === 'MALWARE_DETECTED')
    return 'Malware is never released. Clean the file at its source and send it again.';
  const refusal = whyNotRejected(row);
  if (refusal !== null || (row.state !== 'policy_failed' && reason !== 'GATE_UNAVAILABLE')) return refusal;
  return 'No gate could judge this document, so there is nothing to release. Retry its dead letter (frostbyte dlq list, then retry), or run the document again where that was decided (frostbyte document reprocess).';
}

function whyNotRejected(row: DocumentRow): string | null {
  const entry = quarantineEntry(row);
  if (entry === null) return 'Nothing of this document is in quarantine now.';
  return entry.status === 'rejected' ? 'It was rejected for good, which is final.' : null;
}

/** What the list shows of a document in quarantine. */
export function quarantineItem(row: DocumentRow): QuarantineItem {
  const policy = (row.findings.policy ?? {}) as { injection_max_score?: number; pii_types?: string[] };
  const entry = inQuarantine(row);
  const judged = entry.reason === 'PII_BLOCK_POLICY' || entry.reason === 'INJECTION_DETECTED';
  return {
    doc_id: row.doc_id,
    original_filename: row.original_filename,
    mime_type: row.mime_type,
    size_bytes: row.size_bytes,
    ...entry,
    state: row.state,
    received_at: row.received_at,
    batch_id: row.batch_id,
    chunks_quarantined: judged ? (row.chunks_quarantined ?? 0) : 0,
    chunks_rejected: judged ? (row.chunks_rejected ?? 0) : 0,
    injection_max_score: judged ? (policy.injection_max_score ?? null) : null,
    pii_types: judged ? (policy.pii_types ?? []) : [],
    releasable: whyNotReleased(row) === null,
  };
}
