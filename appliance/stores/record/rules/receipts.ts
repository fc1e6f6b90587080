import type { AuditDetails, AuditEntry } from '../../../kernel/audit-event.ts';
import { QUARANTINED_BEFORE, REMEDIES } from '../../../kernel/remedies.ts';
import type { DocumentRow, Receipt } from '../rows.ts';

/**
 * What becomes of a file's receipt and audit entry when the store finds the document there already. The entry keeps its
 * id, time, actor and references; type, resource and details follow the receipt.
 */
export interface Settled {
  receipt: Receipt;
  entry: AuditEntry;
}

/** The id is taken by other bytes: a rejection, about `batch_id/file_id` as every rejection (spec 2 A). */
export function asCollision({ receipt, entry }: Settled): Settled {
  return {
    receipt: {
      ...receipt,
      doc_id: null,
      storage_path: null,
      status: 'rejected',
      reason: 'DOC_ID_COLLISION',
      message: REMEDIES.DOC_ID_COLLISION.message,
      remediation: REMEDIES.DOC_ID_COLLISION.remediation,
      details: { ...receipt.details, doc_id: receipt.doc_id },
    },
    entry: {
      ...entry,
      event: {
        ...entry.event,
        event_type: 'DOCUMENT_REJECTED',
        resource_id: `${receipt.batch_id}/${receipt.file_id}`,
        details: {
          ...without(entry.event.details, 'input_hash', 'output_hash', 'scan_result'),
          status: 'failure',
          reason: 'DOC_ID_COLLISION',
        },
      },
    },
  };
}

/**
 * The same bytes again. The receipt names the first one and the entry too; without a new run the entry is no link of
 * the provenance chain, so its hashes go.
 */
export function asDuplicate(
  { receipt, entry }: Settled,
  first: Pick<DocumentRow, 'receipt_id' | 'storage_path'>,
  runsAgain: boolean,
): Settled {
  const details = runsAgain ? entry.event.details : without(entry.event.details, 'input_hash', 'output_hash');
  return {
    receipt: { ...receipt, duplicate_of: first.receipt_id, storage_path: first.storage_path },
    entry: { ...entry, event: { ...entry.event, details: { ...details, duplicate_of: first.receipt_id } } },
  };
}

/**
 * The same bytes again, and the first copy is in quarantine: so is this one, for the same reason, unless intake found a
 * reason of its own.
 */
export function asQuarantinedDuplicate(settled: Settled, first: DocumentRow): Settled {
  const { receipt, entry } = asDuplicate(settled, first, false);
  if (receipt.status === 'quarantined') return { receipt, entry };
  const reason = first.quarantine_reason ?? first.error?.code ?? null;
  const details: AuditDetails = { ...without(entry.event.details, 'scan_result'), status: 'quarantined' };
  return {
    receipt: {
      ...receipt,
      status: 'quarantined',
      reason,
      ...quarantinedBefore(reason, first),
    },
    entry: {
      ...entry,
      event: {
        ...entry.event,
        event_type: 'DOCUMENT_QUARANTINED',
        details: reason === null ? details : { ...details, reason },
      },
    },
  };
}

function quarantinedBefore(reason: string | null, { rejection }: DocumentRow) {
  if (reason === 'MALWARE_DETECTED') return QUARANTINED_BEFORE.malware;
  return rejection?.scope === 'document' ? QUARANTINED_BEFORE.rejected : QUARANTINED_BEFORE.other;
}

/** A batch's entry with the counts that its receipts bear out; only counts that the entry reports are touched. */
export function withCounts(entry: AuditEntry, receipts: readonly Receipt[]): AuditEntry {
  const count = (matches: (receipt: Receipt) => boolean) => receipts.filter(matches).length;
  const counts: Record<string, number> = {
    accepted: count(({ status }) => status === 'accepted'),
    rejected: count(({ status }) => status === 'rejected'),
    quarantined: count(({ status }) => status === 'quarantined'),
    duplicates: count(({ duplicate_of }) => duplicate_of !== null),
  };
  const reported = Object.entries(counts).filter(([name]) => name in entry.event.details);
  return {
    ...entry,
    event: { ...entry.event, details: { ...entry.event.details, ...Object.fromEntries(reported) } },
  };
}

function without(details: AuditDetails, ...names: string[]): AuditDetails {
  return Object.fromEntries(Object.entries(details).filter(([name]) => !names.includes(name))) as AuditDetails;
}
