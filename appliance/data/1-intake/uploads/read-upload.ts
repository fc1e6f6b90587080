import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import type { UploadRow, UploadSegment } from '../../../stores/record/port.ts';
import type { UploadPlane } from './limits.ts';
import { refuseUploads } from './named-uploads.ts';

/**
 * The bytes of a finished upload, in order; each chunk belongs to whoever takes it. Throws `MANIFEST_INVALID` when
 * another batch took the upload, or it was deleted, while it was read; `OBJECT_CORRUPTED`, or what the stores throw.
 */
export async function* uploadContent(
  { objects, records }: Pick<UploadPlane, 'objects' | 'records'>,
  upload: UploadRow,
): AsyncGenerator<Buffer> {
  let read = 0;
  try {
    for (const segment of await records.uploadSegments(upload.upload_id)) {
      if (segment.start !== read) break;
      yield* segmentContent(objects, segment);
      read += segment.bytes;
    }
  } catch (error) {
    if (!isFrostbyteError(error, 'OBJECT_MISSING')) throw error;
    await demandThere(records, upload.upload_id);
    throw error;
  }
  if (read === upload.length) return;
  await demandThere(records, upload.upload_id);
  throw new FrostbyteError('OBJECT_CORRUPTED', 'An upload does not hold the bytes that its records name.');
}

/** The bytes of one segment. Throws `OBJECT_MISSING`, or `OBJECT_CORRUPTED` where they are not as many as recorded. */
export async function* segmentContent(objects: ObjectStore, { object_key, bytes }: UploadSegment) {
  let left = bytes;
  for await (const chunk of await objects.get(object_key)) {
    left -= (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (left !== 0) throw new FrostbyteError('OBJECT_CORRUPTED', 'A segment of an upload has not its recorded length.');
}

async function demandThere(records: UploadPlane['records'], uploadId: string): Promise<void> {
  const now = await records.upload(uploadId);
  if (now?.state !== 'finished') throw refuseUploads([{ upload_id: uploadId, constraint: 'gone while it was read' }]);
}
