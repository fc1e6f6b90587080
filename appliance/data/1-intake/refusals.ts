import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import type { Receipt } from '../../stores/record/rows.ts';

/** Refusals of intake that depend on what is there, not on what is sent. Each function throws or lets pass. */

/** `QUOTA_EXCEEDED` where `coming` more bytes would take the disk below what intake leaves free (spec 3, "low disk"). */
export async function refuseWithoutRoom(objects: Pick<ObjectStore, 'room'>, coming: number): Promise<void> {
  const room = await objects.room();
  if (room > 0 && coming <= room) return;
  throw new FrostbyteError(
    'QUOTA_EXCEEDED',
    'The appliance has no room for these files on its disk. Free disk space, or ask the platform owner.',
    { details: [{ field: 'size_bytes', constraint: `${coming} bytes coming, room for ${room}` }] },
  );
}

/**
 * Intake's work, whose lack of room says what to do: a full disk is the sender's 507, not a fault, and what the tenant's
 * quota refuses names the two who can make room. Whatever else is thrown passes.
 */
export async function lackOfRoom<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (isFrostbyteError(cause, 'DISK_FULL')) {
      throw new FrostbyteError(
        'QUOTA_EXCEEDED',
        'The appliance has no room for more files. Free disk space, or ask the platform owner.',
        { cause },
      );
    }
    if (!isFrostbyteError(cause, 'QUOTA_EXCEEDED') || !ofTheQuota(cause)) throw cause;
    // Without the cause: who has one is short of disk.
    throw new FrostbyteError(
      'QUOTA_EXCEEDED',
      `${cause.message} Erase documents that nobody needs, or ask the platform owner for a larger quota.`,
      { details: cause.details },
    );
  }
}

function ofTheQuota({ details }: FrostbyteError): boolean {
  return details.some(({ field }) => field === 'storage_quota_gb');
}

/**
 * `SERVICE_UNAVAILABLE` where one of the files is a document that is being erased: its bytes must not be stored beside
 * their deletion. `receive` refuses it as well; this keeps the objects from being written at all.
 */
export async function refuseErasing(
  records: Pick<RecordStore, 'erasing'>,
  files: readonly { receipt: Pick<Receipt, 'doc_id'> }[],
): Promise<void> {
  const ids = files.flatMap(({ receipt }) => (receipt.doc_id === null ? [] : [receipt.doc_id]));
  const going = await records.erasing(ids);
  if (going.length === 0) return;
  throw new FrostbyteError(
    'SERVICE_UNAVAILABLE',
    'A file of the batch is a document that is being erased. Send the batch again in a moment.',
    { retryAfter: 5, details: going.map((value) => ({ field: 'doc_id', value, constraint: 'is being erased' })) },
  );
}

/** The answer to files of a batch that was cancelled while they came. */
export function wasCancelled(): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'The batch was cancelled while its files came; nothing of them was kept. Send them under a new batch_id.',
    { details: [{ field: 'batch_id', constraint: 'not cancelled' }] },
  );
}
