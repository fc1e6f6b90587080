import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import type { InboxReason } from '../../kernel/remedies.ts';
import { MANIFEST_NAME } from '../1-intake/folder-entries.ts';
import { type CheckedManifest, LARGEST_MANIFEST, readManifest, tooLarge } from '../1-intake/read-manifest.ts';
import { diskNames, isReserved } from './disk-names.ts';
import { errnoOf, namesIn, type Place, placeOf, readPlain } from './handles.ts';

/** A look at one folder of the inbox: is there a batch, is it whole, what lacks. Reads the manifest, no other file. */

/** Lacking files that one answer lists. */
const MOST_MISSING = 100;
/** Places looked at side by side. */
const PARALLEL = 16;
/** Names of a folder that are read, to find a file whose name was composed otherwise or to see that there is anything. */
const MOST_NAMES = 25_000;

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

export interface Located {
  name: string;
  place: Place;
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
  if (place.kind !== 'plain') return { state: 'refused', print: place.print, error: notPlain('manifest.json') };
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
  const elsewhere = manifest.files.find(({ upload_id }) => upload_id !== undefined);
  if (elsewhere !== undefined) return { state: 'refused', print, error: uploaded(elsewhere.file_id) };
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
  for (const { file_id, filename, size_bytes } of manifest.files) {
    if (names.get(file_id)?.length === 0) return { state: 'refused', print, error: reservedName(file_id) };
    const place = located.get(file_id)?.place;
    whole.update(`\n${place?.print ?? '-'}`);
    if (place !== undefined && place.kind !== 'plain')
      return { state: 'refused', print: place.print, error: notPlain(file_id) };
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

async function locate(
  folder: FileHandle,
  names: readonly string[],
  composed: () => Promise<ReadonlyMap<string, string>>,
): Promise<Located | null> {
  for (const name of names) {
    const place = await placeOf(folder, name);
    if (place !== null) return { name, place };
  }
  // Some systems write é as e and an accent: the same name to a reader, another one to the disk.
  for (const wanted of names) {
    if (/^[\x20-\x7e]*$/.test(wanted)) continue;
    const name = (await composed()).get(wanted.normalize('NFC'));
    const place = name === undefined ? null : await placeOf(folder, name);
    if (name !== undefined && place !== null) return { name, place };
  }
  return null;
}

/** Names of a folder by their composed form, read once and only when asked for; ambiguous ones are left out. */
function composedNames(folder: FileHandle): () => Promise<ReadonlyMap<string, string>> {
  let known: Promise<ReadonlyMap<string, string>> | undefined;
  const read = async () => {
    const names = new Map<string, string>();
    const twice = new Set<string>();
    for (const { name } of (await namesIn(folder, MOST_NAMES)).names) {
      const key = name.normalize('NFC');
      if (names.has(key)) twice.add(key);
      names.set(key, name);
    }
    for (const key of twice) names.delete(key);
    return names;
  };
  return () => {
    known ??= read();
    return known;
  };
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

function notPlain(value: string): FrostbyteError {
  return new FrostbyteError(
    'VALIDATION_ERROR',
    'The batch holds something that is no plain file with one name: a link, a folder, a device or a pipe. It was not opened.',
    { details: [{ field: 'file_id', value, constraint: 'a plain file, without links to it' }] },
  );
}

function uploaded(value: string): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', 'A batch of the inbox holds its files, and names no uploads.', {
    details: [{ field: 'file_id', value, constraint: 'a file beside the manifest, without upload_id' }],
  });
}

function reservedName(value: string): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', 'A file of the batch bears a name that the appliance writes itself.', {
    details: [{ field: 'file_id', value, constraint: 'no name of manifest, receipt, report or status file' }],
  });
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
