import type { FileCode } from '../../kernel/errors.ts';

/** Why intake refuses a file and what its sender can do about it, in words that need no engineer. One catalogue. */
export interface IntakeRemedy {
  code: FileCode;
  message: string;
  remediation: string;
}

const remedy = (code: FileCode, message: string, remediation: string): IntakeRemedy =>
  Object.freeze({ code, message, remediation });
const format = (message: string, remediation: string) => remedy('UNSUPPORTED_FORMAT', message, remediation);

const TAKEN = 'PDF, DOCX, XLSX, TXT, CSV, PNG or TIFF';

export const INTAKE_REMEDIES = Object.freeze({
  UNKNOWN_TYPE: format('Files with this extension are not taken.', `Convert the file to ${TAKEN} and send it again.`),
  NOT_ALLOWED: format(
    'This tenant does not take files of this type.',
    'Convert the file to a type on the tenant’s list, or ask the platform owner to add the type.',
  ),
  DECLARED_MISMATCH: format(
    'The declared type does not belong to the file’s extension.',
    'Correct mime_type in the manifest, or the file’s extension, and send the file again.',
  ),
  CONTENT_MISMATCH: format(
    'The content is not of the type that the name and the manifest say.',
    'Check that the file is the right one, give it the extension of what it holds, and send it again.',
  ),
  DOUBLE_EXTENSION: format(
    'The name carries two file extensions, which is how harmful files are disguised.',
    'Rename the file so that it has one extension, and send it again.',
  ),
  EMPTY: format('The file is empty.', 'Check the export that made it, and send the file with its content.'),
  TRUNCATED: format(
    'The file is cut off: its end is missing.',
    'Copy it again from its source, check that it opens, and send it again.',
  ),
  LEGACY_OFFICE: format(
    'Old Office files (.doc, .xls) are not taken.',
    'Open it in Word or Excel, save it as DOCX or XLSX, and send the new file.',
  ),
  PROTECTED_OFFICE: format(
    'The file is protected by a password, or saved in the old Office format.',
    'Remove the password, save it as DOCX or XLSX, and send the new file.',
  ),
  PRESENTATION: format('Presentations (.ppt, .pptx) are not taken.', 'Export it as PDF and send that.'),
  WEB_PAGE: format('Web pages are not taken.', 'Print the page to PDF and send that.'),
  EMAIL: format(
    'E-mail messages are not taken.',
    'Print the message to PDF, and send its attachments as files of their own.',
  ),
  ARCHIVE: format('Archives are not taken.', 'Unpack it and send the files in it.'),
  EXECUTABLE: format(
    'Programs and scripts are never taken.',
    'Send documents only; if this should be a document, check where it came from.',
  ),
  MACROS: format(
    'Office files with macros are not taken.',
    'Save it without macros (as DOCX or XLSX) and send the new file.',
  ),
  SIZE_EXCEEDED: remedy(
    'SIZE_EXCEEDED',
    'The file is larger than this tenant takes.',
    'Split the file, or ask the platform owner to raise max_file_size_mb.',
  ),
  UNSCANNABLE: remedy(
    'SIZE_EXCEEDED',
    'The malware scanner cannot read the file: it is too large, too deeply packed or encrypted.',
    'Split or unpack the file, or remove its password; the platform owner can allow such files with allow_unscannable.',
  ),
  CHECKSUM_MISMATCH: remedy(
    'CHECKSUM_MISMATCH',
    'The file that arrived is not the one that the manifest describes.',
    'Build the manifest again from the files as they are, or copy the file again, and send a new batch.',
  ),
  MALWARE_DETECTED: remedy(
    'MALWARE_DETECTED',
    'The malware scanner found something in the file.',
    'Clean the source system, and send a clean copy. The bytes are locked away.',
  ),
  METADATA_INVALID: remedy(
    'METADATA_INVALID',
    'The metadata does not fit the tenant’s custom fields.',
    'Correct the fields named in the details and send the file in a new batch.',
  ),
  FILE_MISSING: remedy(
    'FILE_MISSING',
    'The manifest names a file that is not there.',
    'Add the file, or take it out of the manifest.',
  ),
} satisfies Record<string, IntakeRemedy>);

export type RemedyName = keyof typeof INTAKE_REMEDIES;

/** What is wrong with one file, with the values that show it (types, sizes, hashes; never content). */
export interface FileProblem {
  remedy: RemedyName;
  details: Record<string, unknown>;
}
