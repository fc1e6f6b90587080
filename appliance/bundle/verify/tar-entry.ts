import { FrostbyteError } from '../../kernel/errors.ts';
import { CONTROL_FILES, MOST_CONTROL_BYTES } from '../format/control-files.ts';
import { pathRefused } from '../format/manifest.ts';
import { whatIsWrongWithPath } from '../format/paths.ts';
import { readTarHeader, type TarEntry } from '../format/tar.ts';

/** What both readers of a tar, the one that seeks and the one that streams, refuse alike. */

/** More entries are no bundle; they are not even counted. */
export const MOST_ENTRIES = 60_000;
/** Nothing is signed of what stands between files, so nothing may stand there. */
export const PADDING_SAYS = 'something stands between its files';

/** The entry of a header. Throws `BUNDLE_PATH_REFUSED` for links, devices and paths that no bundle has. */
export function entryOf(header: Buffer): TarEntry {
  const entry = readTarHeader(header);
  if (typeof entry === 'string')
    throw pathRefused(header.toString('latin1', 0, 100).replace(/\0.*$/s, ''), `plain files alone, not ${entry}`);
  const constraint = whatIsWrongWithPath(entry.path);
  if (constraint !== null) throw pathRefused(entry.path, constraint);
  return entry;
}

/** Refuses a control file that is larger than any is: it would be held in memory. */
export function refuseLargeControl(path: string, size: number): void {
  if (size <= MOST_CONTROL_BYTES) return;
  throw new FrostbyteError('BUNDLE_MANIFEST_INVALID', `${path} is too large to be one.`, {
    details: [{ field: path, constraint: `at most ${MOST_CONTROL_BYTES} bytes` }],
  });
}

export function tarInvalid(reason: string): FrostbyteError {
  return new FrostbyteError('BUNDLE_TAR_INVALID', `The archive is not a whole bundle: ${reason}.`, {
    details: [{ field: 'archive', constraint: `a tar that begins with ${CONTROL_FILES[0]} and ends where it says` }],
  });
}
