import type { BatchReceipt, RefusedFile } from '../../api/receipts.ts';
import type { BatchRow, Receipt } from '../../stores/record/rows.ts';

/** The batch receipt from what the records hold, so that asking again gives the same. */
export function batchReceipt(tenantId: string, batch: BatchRow, receipts: readonly Receipt[]): BatchReceipt {
  const of = (status: Receipt['status']) => receipts.filter((receipt) => receipt.status === status);
  const [accepted, rejected, quarantined] = [of('accepted'), of('rejected'), of('quarantined')];
  return {
    batch_id: batch.batch_id,
    tenant_id: tenantId,
    status: batch.cancelled_at !== null ? 'cancelled' : batch.status === 'receiving' ? 'incomplete' : 'received',
    received_at: batch.submitted_at,
    counts: {
      files: batch.file_count,
      accepted: accepted.length,
      rejected: rejected.length,
      quarantined: quarantined.length,
      duplicates: receipts.filter(({ duplicate_of }) => duplicate_of !== null).length,
      missing: batch.file_count - receipts.length,
    },
    receipts: [...receipts],
    rejected_files: rejected.map(refused),
    quarantined_files: quarantined.map(refused),
  };
}

function refused({ file_id, original_filename, reason, message, remediation, details }: Receipt): RefusedFile {
  return {
    file_id,
    original_filename,
    reason: reason ?? '',
    message: message ?? '',
    remediation: remediation ?? '',
    details,
  };
}
