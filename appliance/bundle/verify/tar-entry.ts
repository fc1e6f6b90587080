import { FrostbyteError } from '../../kernel/errors.ts';
import { CONTROL_FILES, MOST_CONTROL_BYTES } from '../format/control-files.ts';
import { pathRefused, tooLarge } from '../format/manifest.ts';
import { plainFilesAlone, whatIsWrongWithPath } from '../format/paths.ts';
import { readTarHeader, type TarEntry } from '../format/tar.ts';

/** What both readers of a tar, the one that seeks and the one that streams, refuse alike. */

/** More entries are no bundle; they are not even counted. */
export const MOST_ENTRIES = 10_000;
/** Nothing is signed of what stands between files, so nothing may stand there. */
export const PADDING_SAYS = 'something stands between its files';

/** Where a header says what it is of, and what it says there of a plain file. */
const [KIND_AT, PLAIN] = [156, '0'.charCodeAt(0)];

/** The entry of a header. Throws `BUNDLE_LINK_REFUSED` for links and devices, `BUNDLE_PATH_…` for paths that no bundle has. */
export function entryOf(header: Buffer): TarEntry {
  const entry = readTarHeader(header);
  if (typeof entry === 'string') {
    const named = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    if (header[KIND_AT] === PLAIN) throw tarInvalid(`${JSON.stringify(named)} has ${entry}`);
    throw pathRefused(named, plainFilesAlone(`, not ${entry}`));
  }
  const rule = whatIsWrongWithPath(entry.path);
  if (rule !== null) throw pathRefused(entry.path, rule);
  return entry;
}

/** Refuses what holds more files than a bundle. */
export function tooMany(): FrostbyteError {
  return tooLarge('There are too many files for a bundle.', 'files', `at most ${MOST_ENTRIES}`);
}

/** Refuses a control file that is larger than any is: it would be held in memory. */
export function refuseLargeControl(path: string, size: number): void {
  if (size <= MOST_CONTROL_BYTES) return;
  throw tooLarge(`${path} is too large to be one.`, path, `at most ${MOST_CONTROL_BYTES} bytes`);
}

export function tarInvalid(reason: string): FrostbyteError {
  return new FrostbyteError('BUNDLE_TAR_INVALID', `The archive is not a whole bundle: ${reason}.`, {
    details: [{ field: 'archive', constraint: `a tar that begins with ${CONTROL_FILES[0]} and ends where it says` }],
  });
}
