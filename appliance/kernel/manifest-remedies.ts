/**
 * What people are told about a manifest that is not as it should be: for every field what it must be and how to mend it.
 * The rules themselves stand in `api/manifest.ts`; here they are said in words.
 */
export interface FieldWords {
  /** Goes on after the field's name: `batch_id must be …`. */
  rule: string;
  remediation: string;
}

const BUILD = 'or let `frostbyte manifest build` write the manifest';

const words = (rule: string, remediation: string): FieldWords => Object.freeze({ rule, remediation });

const METADATA = words(
  'must be values by name: { "name": value, … }, none of the names __proto__',
  'Write the details so, or leave the field out.',
);

/** Fields of the manifest itself; `manifest` is the whole of it. */
export const MANIFEST_FIELDS: Readonly<Record<string, FieldWords>> = Object.freeze({
  manifest: words('must be one JSON object: { … }', `Write the manifest anew, ${BUILD}.`),
  batch_id: words(
    'must be 1 to 128 letters (A to Z, without accents), digits, dots, hyphens or underscores, a letter or digit first',
    'Choose an id of these characters, for example march-2026.',
  ),
  tenant_id: words(
    'must be a tenant’s id: 3 to 32 lower-case letters and digits, a letter first',
    'Write the id that the platform owner gave you for the tenant.',
  ),
  file_count: words(
    'must be a whole number from 1 to 10,000',
    'Write how many files the manifest lists, as a number without quotes.',
  ),
  files: words('must be a list of 1 to 10,000 files', `List each file of the batch, ${BUILD}.`),
  submitted_at: words(
    'must be a date with time and offset, such as 2026-01-31T12:00:00Z',
    'Write the moment so, or leave the field out.',
  ),
  submitter: words('must be text of at most 255 characters', 'Write it so, or leave the field out.'),
  metadata: METADATA,
});

/** Fields of one file; `file` is the whole entry. */
export const MANIFEST_FILE_FIELDS: Readonly<Record<string, FieldWords>> = Object.freeze({
  file: words('must be a description of a file: { "file_id": …, … }', `Describe the file so, ${BUILD}.`),
  file_id: words(
    'must be 1 to 128 letters (A to Z, without accents), digits, dots, hyphens or underscores, a letter or digit first',
    'Choose an id of these characters for the file, for example f1.',
  ),
  filename: words(
    'must be text of 1 to 255 characters, none of them NUL',
    'Write the name that the file has in the folder.',
  ),
  mime_type: words(
    'must be the type of the file, such as application/pdf, in 3 to 255 characters',
    'Write the type that belongs to the file’s extension.',
  ),
  size_bytes: words(
    'must be the size of the file in bytes: a whole number, 0 or more',
    'Write the size of the file as it is, as a number without quotes.',
  ),
  sha256: words(
    'must be the SHA-256 of the file: 64 digits from 0 to 9 and a to f, in lower case',
    `Compute it anew from the file (with sha256sum, for example), ${BUILD}.`,
  ),
  metadata: METADATA,
  upload_id: words(
    'must be the id of a finished upload, as its address ends',
    'Write that id, or leave the field out and send the file with the batch.',
  ),
});

/** One value of metadata, and the name it stands under. */
export const METADATA_WORDS = Object.freeze({
  value: words(
    'must be text of at most 4,096 characters, a number, true, false, a list of at most 1,000 or values by name',
    'Shorten the value, or divide it among several fields.',
  ),
  name: words('must have a name of 1 to 64 characters', 'Give the field a shorter name that is not empty.'),
  nesting: words('must not nest more than 16 levels deep', 'Write the details in fewer levels.'),
  number: words('must hold finite numbers only', 'Write numbers that are less large, or write them as text.'),
});

/** What is wrong with a manifest as a whole, beside its form. */
export const MANIFEST_WORDS = Object.freeze({
  NOT_UTF8: words('must be text in UTF-8', `Save manifest.json as UTF-8, ${BUILD}.`),
  NOT_JSON: words('must be JSON', `Look for a comma, a quote or a bracket that is missing or one too many, ${BUILD}.`),
  TOO_LARGE: words('must be of 8 MiB at most', 'Divide the files among several batches.'),
  NOT_THERE: words(
    'must lie in the folder as a plain file',
    'Put manifest.json beside the files, or let `frostbyte manifest build` write it.',
  ),
  OTHER_TENANT: words(
    'must be the tenant that the batch is sent to',
    'Write the id of that tenant, or send the batch to the tenant that it names.',
  ),
  HALF_CHARACTER: words(
    'must be whole characters (valid Unicode)',
    'Write this text anew; half of a character is left in it.',
  ),
  NAME_IS_PATH: words(
    'must be the name alone, not a path: a file lies beside the manifest, under its name or its file_id',
    'Write the name alone, and put the file beside the manifest under that name.',
  ),
  UPLOAD_IN_INBOX: words(
    'must not be there in a batch of the inbox',
    'Take upload_id out, and put the file itself beside the manifest.',
  ),
  RESERVED_NAME: words(
    'must not be a name of manifest, receipt, report or status file',
    'Give the file another file_id, and let it lie there under that id.',
  ),
  REPEATED_ID: words('must be of one file only', 'Give each file of the manifest a file_id of its own.'),
});

/** A batch of more files than the tenant takes at once. */
export const tooManyFiles = (most: number): FieldWords =>
  words(
    `must be at most ${most} (max_batch_size)`,
    'Divide them among several batches, each with a batch_id of its own, or ask the platform owner to raise the limit.',
  );

/** A field that no manifest has. */
export function unknownManifestField(meant: string | null, what: 'manifest' | 'file'): FieldWords {
  if (meant !== null)
    return words(`is not a field of a ${what}; did you mean ${meant}?`, `Write ${meant}, or take it out.`);
  return words(
    `is not a field of a ${what}`,
    'Take it out; what you want to say beside the fields belongs in metadata.',
  );
}
