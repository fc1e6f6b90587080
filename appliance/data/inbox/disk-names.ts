import type { ManifestFile } from '../../api/manifest.ts';
import { MANIFEST_NAME } from '../1-intake/folder-entries.ts';
import { isSegment } from './handles.ts';

/** What the appliance writes into a batch's folder; a file of the batch cannot bear these names. */
export const RESULTS = Object.freeze({
  receipt: 'receipt.json',
  report: 'acceptance-report.json',
  page: 'acceptance-report.html',
  refused: 'refused.json',
  waiting: 'waiting.json',
});
/** Messages to the tenant; no batch. */
export const OUTBOX = 'outbox';

const RESERVED: ReadonlySet<string> = new Set([MANIFEST_NAME, ...Object.values(RESULTS)]);

/** Whether a name is the appliance's own. In any case of letters: some file systems do not tell them apart. */
export const isReserved = (name: string): boolean => RESERVED.has(name.toLowerCase());

/**
 * Under which names each file of a manifest may lie in the folder, best first: its `file_id`, or its file name where
 * that is a plain name, no other file's, and not one of ours. A name is data: one that is a path names no file, and the
 * file is then expected under its id. No list is empty but that of a file whose id is one of our names.
 */
export function diskNames(files: readonly Pick<ManifestFile, 'file_id' | 'filename'>[]): Map<string, string[]> {
  const ids = new Set(files.map(({ file_id }) => file_id));
  const uses = new Map<string, number>();
  for (const { filename } of files) uses.set(filename, (uses.get(filename) ?? 0) + 1);
  const usable = ({ file_id, filename }: Pick<ManifestFile, 'file_id' | 'filename'>) =>
    filename !== file_id && isSegment(filename) && uses.get(filename) === 1 && !ids.has(filename);
  return new Map(
    files.map((file) => [
      file.file_id,
      [file.file_id, ...(usable(file) ? [file.filename] : [])].filter((name) => !isReserved(name)),
    ]),
  );
}
