import type { ManifestFile } from '../../../api/manifest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { RecordStore, UploadRow } from '../../../stores/record/port.ts';

/** Problems that one answer lists. */
const MOST_DETAILS = 100;

/**
 * The uploads that files of a manifest name, by file id. Throws `MANIFEST_INVALID` with every one that is not there, not
 * finished, named twice or taken by another batch: before anything of the batch is read.
 */
export async function namedUploads(
  records: Pick<RecordStore, 'upload'>,
  files: readonly ManifestFile[],
): Promise<Map<string, UploadRow>> {
  const found = new Map<string, UploadRow>();
  const seen = new Set<string>();
  const problems: { upload_id: string; constraint: string }[] = [];
  for (const { file_id, upload_id } of files) {
    if (upload_id === undefined) continue;
    const upload = await records.upload(upload_id);
    const constraint = seen.has(upload_id) ? 'the upload of one file only' : whatIsWrong(upload);
    seen.add(upload_id);
    if (constraint !== null) problems.push({ upload_id, constraint });
    else if (upload !== null) found.set(file_id, upload);
  }
  if (problems.length > 0) throw refuseUploads(problems);
  return found;
}

function whatIsWrong(upload: UploadRow | null): string | null {
  if (upload === null) return 'an upload of this tenant: this one is not there, or has expired; send the file again';
  if (upload.state === 'taken') return 'not used by another batch: this one was taken; send the file again';
  if (upload.state === 'open')
    return `finished: ${upload.received} of ${upload.length} bytes are here; send the rest first`;
  return null;
}

/** The refusal of a batch for the uploads that it names. */
export function refuseUploads(problems: readonly { upload_id: string; constraint: string }[]): FrostbyteError {
  return new FrostbyteError(
    'MANIFEST_INVALID',
    `The manifest names ${problems.length} upload(s) that cannot be used; see details.`,
    {
      details: problems
        .slice(0, MOST_DETAILS)
        .map(({ upload_id, constraint }) => ({ field: 'upload_id', value: upload_id, constraint })),
    },
  );
}
