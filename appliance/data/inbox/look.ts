import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Manifest } from '../../api/manifest.ts';
import { manifestProblem } from '../../api/manifest-problems.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { type FieldWords, MANIFEST_WORDS } from '../../kernel/manifest-remedies.ts';
import type { InboxReason } from '../../kernel/remedies.ts';
import { MANIFEST_NAME } from '../1-intake/folder-entries.ts';
import { type CheckedManifest, LARGEST_MANIFEST, readManifest, tooLarge } from '../1-intake/read-manifest.ts';
import { diskNames, isReserved } from './disk-names.ts';
import { errnoOf, namesIn, type Place, placeOf, readPlain } from './handles.ts';
import { composedNames, type Located, locate, MOST_NAMES } from './locate.ts';

/** A look at one folder of the inbox: is there a batch, is it whole, what lacks. Reads the manifest, no other file. */

/** Lacking files that one answer lists. */
const MOST_MISSING = 100;
/** Places looked at side by side. */
const PARALLEL = 16;

export interface Missing {
  file_id: string;
  filename: string;
  expected_bytes: number;
  /** What is there under its name; null for nothing. */
  actual_bytes: number | null;
}

/** The manifest as it lies there. */
export interface Announcement extends CheckedManifest {
  bytes: Buffer;
  /** Of the file `manifest.json`. */
  print: string;
}

interface Waiting {
  state: 'waiting';
  reason: InboxReason;
  print: string;
  missing: Missing[];
  missing_count: number;
}
interface Refused {
  state: 'refused';
  error: FrostbyteError;
  print: string;
}

export type ManifestLook =
  | { state: 'nothing' }
  | Waiting
  | Refused
  | { state: 'announced'; announcement: Announcement };
export type FilesLook = Waiting | Refused | { state: 'complete'; print: string; places: ReadonlyMap<string, Located> };

const waiting = (reason: InboxReason, print: string, missing: Missing[] = [], missing_count = 0): Waiting => ({
  state: 'waiting',
  reason,
  print,
  missing,
  missing_count,
});

/** The print of a folder's `manifest.json`, or null where there is none: the one thing asked of a batch that is done. */
export async function manifestPrint(folder: FileHandle): Promise<string | null> {
  return (await placeOf(folder, MANIFEST_NAME))?.print ?? null;
}

/** Reads the manifest and checks all that needs no file. `filesOnly`: folders in it are batches of their own. */
export async function lookAtManifest(
  folder: FileHandle,
  expected: { tenant_id: string; max_batch_size: number },
  filesOnly = false,
): Promise<ManifestLook> {
  const place = await placeOf(folder, MANIFEST_NAME);
  if (place === null) return lookWithout(folder, filesOnly);
  if (place.kind !== 'plain')
    return { state: 'refused', print: place.print, error: notPlain(place.kind, { file: MANIFEST_NAME }) };
  const read = await readPlain(folder, MANIFEST_NAME, LARGEST_MANIFEST);
  if (read === null) return { state: 'refused', print: place.print, error: tooLarge() };
  if (read.place.print !== place.print) return waiting('STILL_CHANGING', read.place.print);
  if (!isJson(read.bytes)) return waiting('MANIFEST_UNFINISHED', place.print);
  try {
    const checked = readManifest(read.bytes, expected);
    return { state: 'announced', announcement: { ...checked, bytes: read.bytes, print: place.print } };
  } catch (error) {
    if (!isFrostbyteError(error)) throw error;
    return { state: 'refused', error, print: place.print };
  }
}

/** Looks at the place of every file that the manifest names. Opens none. O(files). */
export async function lookAtFiles(folder: FileHandle, announcement: Announcement): Promise<FilesLook> {
  const { manifest, print } = announcement;
  const refused = (error: FrostbyteError): Refused => ({ state: 'refused', print, error });
  const elsewhere = manifest.files.findIndex(({ upload_id }) => upload_id !== undefined);
  if (elsewhere >= 0) return refused(uploaded(manifest, elsewhere));
  const names = diskNames(manifest.files);
  const composed = composedNames(folder);
  const located = new Map<string, Located>();
  const queue = [...manifest.files];
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const found = await locate(folder, names.get(file.file_id) ?? [], composed);
      if (found !== null) located.set(file.file_id, found);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));

  const whole = createHash('sha256').update(print);
  const missing: Missing[] = [];
  let lacking = 0;
  for (const [n, { file_id, filename, size_bytes }] of manifest.files.entries()) {
    if (names.get(file_id)?.length === 0) return refused(reservedName(manifest, n));
    const place = located.get(file_id)?.place;
    whole.update(`\n${place?.print ?? '-'}`);
    if (place !== undefined && place.kind !== 'plain')
      return { state: 'refused', print: place.print, error: notPlain(place.kind, { file_id, file: filename }) };
    // A file with such a name may lie there under its id; where it does not, nothing that comes can bear the name.
    if (place === undefined && isPath(filename)) return refused(namedByPath(manifest, n));
    if (place?.size === size_bytes) continue;
    lacking++;
    if (missing.length < MOST_MISSING)
      missing.push({ file_id, filename, expected_bytes: size_bytes, actual_bytes: place?.size ?? null });
  }
  const seen = whole.digest('hex');
  return lacking > 0
    ? waiting('FILES_MISSING', seen, missing, lacking)
    : { state: 'complete', print: seen, places: located };
}

/** A folder without a manifest: nothing to say of an empty one. */
async function lookWithout(folder: FileHandle, filesOnly: boolean): Promise<ManifestLook> {
  const { names } = await namesIn(folder, MOST_NAMES);
  const theirs = names
    .filter(({ name, kind }) => !isReserved(name) && !(filesOnly && kind !== 'file'))
    .map(({ name }) => name);
  if (theirs.length === 0) return { state: 'nothing' };
  const print = createHash('sha256').update(theirs.sort().join('/')).digest('hex');
  return waiting('MANIFEST_MISSING', print);
}

/** How an error of the file system reads to a sender. */
export function reasonOf(error: unknown): InboxReason {
  switch (errnoOf(error)) {
    case 'ELOOP':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENXIO':
      return 'NOT_PLAIN';
    case 'ENOENT':
      return 'STILL_CHANGING';
    case 'EACCES':
    case 'EPERM':
      return 'UNREADABLE';
    default:
      return 'POSTPONED';
  }
}

const isPath = (filename: string): boolean => filename.includes('/') || filename === '.' || filename === '..';

const WHAT_IT_IS: Readonly<Record<Exclude<Place['kind'], 'plain'>, string>> = Object.freeze({
  link: 'is a link; links are not followed',
  folder: 'is a folder',
  other: 'is a pipe, a socket, a device, or a file with a second name',
});

function notPlain(kind: Place['kind'], { file_id, file }: { file_id?: string; file: string }): FrostbyteError {
  const constraint = kind === 'plain' ? 'must be a plain file' : `must be a plain file, but ${WHAT_IT_IS[kind]}`;
  const place = file_id === undefined ? { field: 'manifest' } : { field: 'file_id', value: file_id };
  return new FrostbyteError(
    'VALIDATION_ERROR',
    'The batch holds something that is no plain file with one name: a link, a folder, a device or a pipe. It was not opened.',
    { details: [{ ...place, constraint, file }] },
  );
}

function invalid(message: string, manifest: Manifest, n: number, field: string, words: FieldWords): FrostbyteError {
  const details = [manifestProblem(['files', n, field], manifest, words)];
  return new FrostbyteError('MANIFEST_INVALID', message, { details });
}

function uploaded(manifest: Manifest, n: number): FrostbyteError {
  const message = 'A batch of the inbox holds its files, and names no uploads.';
  return invalid(message, manifest, n, 'upload_id', MANIFEST_WORDS.UPLOAD_IN_INBOX);
}

function reservedName(manifest: Manifest, n: number): FrostbyteError {
  const message = 'A file of the batch bears a name that the appliance writes itself.';
  return invalid(message, manifest, n, 'file_id', MANIFEST_WORDS.RESERVED_NAME);
}

function namedByPath(manifest: Manifest, n: number): FrostbyteError {
  return invalid('The name of a file in the manifest is a path.', manifest, n, 'filename', MANIFEST_WORDS.NAME_IS_PATH);
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
