import { FrostbyteError } from '../../kernel/errors.ts';
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
