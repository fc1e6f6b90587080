import type { FileCode, StageCode } from './errors.ts';
import type { ParseWarning, QuarantineReason } from './pipeline.ts';

/**
 * What people are told: the one catalogue of texts for receipts, reports, refusals and the sender's own checks. Every
 * entry says what happened and what to do now, in words that a data lead understands without an engineer. The parser
 * words what it leaves out itself, because those words are part of the canonical document and of its hash; here stands
 * what such a thing is called.
 */
export interface Remedy {
  message: string;
  remediation: string;
}

/** `blocked`: the file is not in search until something is done; `warning`: look at it; `note`: nothing to be done. */
export type Severity = 'blocked' | 'warning' | 'note';

/** A fault of the machinery that may end a document's way; any other reads as INTERNAL_ERROR. */
type Fault = 'OBJECT_MISSING' | 'OBJECT_CORRUPTED' | 'STORE_UNAVAILABLE' | 'KEY_UNAVAILABLE' | 'INTERNAL_ERROR';
/** What a report says of a file that is no error of any stage. */
type Remark =
  | 'HELD_FOR_REVIEW'
  | 'QUARANTINE_REJECTED'
  | 'CHUNKS_QUARANTINED'
  | 'HIDDEN_TEXT'
  | 'DUPLICATE'
  | 'EARLIER_VERSION_SERVED'
  | 'RERUN_CANCELLED'
  | 'CANCELLED'
  | 'ERASED';
export type ReportCode = FileCode | StageCode | QuarantineReason | ParseWarning | Fault | Remark;

interface Entry extends Remedy {
  severity: Severity;
}

const as = (severity: Severity) => (message: string, remediation: string) =>
  Object.freeze({ severity, message, remediation });
const blocked = as('blocked');
const warning = as('warning');
const note = as('note');

const TAKEN = 'PDF, DOCX, XLSX, TXT, CSV, PNG or TIFF';
const NOTHING = 'Nothing needs to be done.';
/** A batch that was cancelled takes nothing more. */
const IN_ANOTHER_BATCH = 'If it is wanted, send it in a batch with another batch_id.';
/** The sender's file is in order, so sending it again would not help. */
const NOT_THE_FILE = 'The file itself is in order. Ask the platform owner';

/** Every code that a file's line in a report can carry. */
export const REMEDIES: Readonly<Record<ReportCode, Entry>> = Object.freeze({
  // At the door
  UNSUPPORTED_FORMAT: blocked('The file is of a type that is not taken.', `Convert it to ${TAKEN} and send it again.`),
  SIZE_EXCEEDED: blocked(
    'The file is larger than this tenant takes.',
    'Split the file, or ask the platform owner to raise the limit (max_file_size_mb).',
  ),
  CHECKSUM_MISMATCH: blocked(
    'The file that arrived is not the one that the manifest describes.',
    'Build the manifest again from the files as they are, or copy the file again, and send a new batch.',
  ),
  MALWARE_DETECTED: blocked(
    'The malware scanner found something in the file.',
    'Clean the source system, and send a clean copy. The bytes are locked away and never come out.',
  ),
  METADATA_INVALID: blocked(
    'The details given for the file (its metadata) do not fit the fields that this tenant has agreed on.',
    'Correct the fields named in the details and send the file in a new batch.',
  ),
  DOC_ID_COLLISION: blocked(
    'Another document with other content has the same document id.',
    'Change the file (open it and save it again, for example) and send it in a new batch.',
  ),
  // A batch waits for its files; only one that was cancelled is reported without them.
  FILE_MISSING: blocked('The batch was cancelled before this file came.', IN_ANOTHER_BATCH),

  // Reading it
  FILE_CORRUPTED: blocked(
    'The file is damaged and cannot be read.',
    'Open it in the program that made it, save it anew, and send the new file.',
  ),
  FILE_ENCRYPTED: blocked('The file is protected by a password.', 'Remove the password and send the file again.'),
  OCR_FAILED: blocked(
    'The text on the pictures could not be read.',
    'Scan the pages again, straight and at 300 dpi or more, and send the new file.',
  ),
  PARSER_TIMEOUT: blocked(
    'Reading the file took too long.',
    'Split it into smaller files, or save it anew, and send it again.',
  ),
  PARSER_MEMORY: blocked(
    'Reading the file needed too much memory.',
    'Split it into smaller files and send them again.',
  ),
  PARSER_ERROR: blocked(
    'The file could not be read.',
    'Save it anew in the program that made it and send it again; if it fails again, ask the platform owner to look at its dead letter.',
  ),
  PARSER_SANDBOX_UNAVAILABLE: blocked(
    'The appliance could not read files safely and did not try.',
    `${NOT_THE_FILE}: the appliance’s readiness page names what is missing.`,
  ),
  WORKER_LOST: blocked(
    'Each try to process this file ended in a breakdown.',
    'Save it anew and send it again; if it fails again, ask the platform owner to look at its dead letter.',
  ),

  // The gates
  GATE_UNAVAILABLE: blocked(
    'The checks for personal data and harmful instructions could not be made, so the document was not let through.',
    `${NOT_THE_FILE} to retry its dead letter.`,
  ),
  PII_BLOCK_POLICY: blocked(
    'The file holds personal data that this tenant does not take.',
    'Remove the personal data and send the file again, or ask an administrator to release it with a reason.',
  ),
  INJECTION_DETECTED: blocked(
    'The file holds text that tries to give orders to an AI.',
    'Look at the source of the file. An administrator can release it with a reason if it is harmless.',
  ),
  QUARANTINE_REJECTED: blocked(
    'The file was looked at and refused for good.',
    'Ask who looks after the tenant why; correct the file at its source and send the corrected one.',
  ),
  HELD_FOR_REVIEW: blocked(
    'The kind of document is not clear enough; it waits for a person’s decision.',
    'Confirm or correct its class in the review queue; it goes on by itself then.',
  ),
  CHUNKS_QUARANTINED: warning(
    'Parts of the file hold text that tries to give orders to an AI; they are kept out of search.',
    'Look at the source of the file. An administrator can release the parts with a reason if they are harmless.',
  ),

  // Making it searchable
  DIMENSION_MISMATCH: blocked(
    'The model that makes documents searchable is not the one this appliance expects, so nothing was added.',
    `${NOT_THE_FILE} to put the right model in place and to retry the dead letter.`,
  ),
  EMBEDDER_UNAVAILABLE: blocked(
    'The model that makes documents searchable did not answer.',
    `${NOT_THE_FILE} to retry the dead letter once the model runs.`,
  ),
  INDEX_VERIFY_FAILED: blocked(
    'What was written for search could not be read back as it was written.',
    `${NOT_THE_FILE} to check the disk and to retry the dead letter.`,
  ),
  OBJECT_CORRUPTED: blocked(
    'The stored file is not the one that was received.',
    'Send the file again, and ask the platform owner to check the disk.',
  ),
  OBJECT_MISSING: blocked(
    'The stored file is gone.',
    'Send the file again, and ask the platform owner to check the disk.',
  ),
  STORE_UNAVAILABLE: blocked(
    'The appliance could not reach its own storage.',
    `${NOT_THE_FILE} to check the disk and to retry the dead letter.`,
  ),
  KEY_UNAVAILABLE: blocked(
    'The key that protects this tenant’s documents could not be used.',
    `${NOT_THE_FILE} to put the keys in order and to retry the dead letter.`,
  ),
  INTERNAL_ERROR: blocked(
    'The file could not be processed through a fault of ours.',
    `${NOT_THE_FILE} to retry the dead letter and to send a support bundle.`,
  ),

  // What came out
  LOW_COVERAGE: warning(
    'Less than four fifths of the characters in the file came out.',
    'Compare the document with its source; send it in another format if parts are missing.',
  ),
  NO_TEXT: warning(
    'The file holds no text that could be read.',
    'Check that it is not empty; scan it again at 300 dpi if it is a picture.',
  ),
  CONTENT_DROPPED: warning(
    'Some of the content was left out.',
    'Look at the list of what was left out; send what is wanted in another form.',
  ),
  HIDDEN_TEXT: warning(
    'The file holds text that a reader would not see. It was kept out of search.',
    'Look at the source of the file: hidden text may be a leftover, or an attempt to mislead.',
  ),
  DUPLICATE: note('The same file was received before; nothing was processed twice.', NOTHING),
  EARLIER_VERSION_SERVED: warning(
    'The document was to be processed again and could not be; its earlier version stays in search.',
    'Mend the problem named beside this one, then have the document processed again.',
  ),
  RERUN_CANCELLED: warning(
    'Processing the document again was cancelled; its earlier version stays in search.',
    'Have the document processed again if the earlier version will not do.',
  ),
  CANCELLED: blocked('Processing was cancelled before the file was done.', IN_ANOTHER_BATCH),
  ERASED: note('The document was erased, on request or because its time of retention was over.', NOTHING),
});

/** What a report says of an erased document where its deletion receipt is at hand. */
const ERASED_BECAUSE = Object.freeze({
  request: note('The document was erased on request.', NOTHING),
  retention: note('The document was erased because its time of retention was over.', NOTHING),
});

/** The words for an erased document, by what its deletion receipt gives as the cause; null where none is at hand. */
export function erasedRemedy(cause: keyof typeof ERASED_BECAUSE | null): Entry {
  return cause === null ? REMEDIES.ERASED : ERASED_BECAUSE[cause];
}

/** The catalogue's words for a code; an unknown code reads as a fault of ours. */
export function remedyFor(code: string): Entry {
  return Object.hasOwn(REMEDIES, code) ? REMEDIES[code as ReportCode] : REMEDIES.INTERNAL_ERROR;
}

// Intake -------------------------------------------------------------------------------------------------------------

/** Why intake refuses one file: the code, and words that fit the case better than the code's own. */
export interface IntakeRemedy extends Remedy {
  code: FileCode;
}

const format = (message: string, remediation: string): IntakeRemedy =>
  Object.freeze({ code: 'UNSUPPORTED_FORMAT', message, remediation });
const plain = (code: FileCode): IntakeRemedy => {
  const { message, remediation } = REMEDIES[code];
  return Object.freeze({ code, message, remediation });
};

export const INTAKE_REMEDIES = Object.freeze({
  UNKNOWN_TYPE: format('Files with this extension are not taken.', `Convert the file to ${TAKEN} and send it again.`),
  NOT_ALLOWED: format(
    'This tenant does not take files of this type.',
    'Convert the file to a type on the tenant’s list, or ask the platform owner to add the type.',
  ),
  DECLARED_MISMATCH: format(
    'The type that the manifest gives does not belong to the file’s extension.',
    'Correct the type (mime_type) in the manifest, or the file’s extension, and send the file again.',
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
  SIZE_EXCEEDED: plain('SIZE_EXCEEDED'),
  UNSCANNABLE: Object.freeze({
    code: 'SIZE_EXCEEDED',
    message: 'The malware scanner cannot read the file: it is too large, too deeply packed or encrypted.',
    remediation:
      'Split or unpack the file, or remove its password; the platform owner can allow such files (allow_unscannable).',
  }),
  CHECKSUM_MISMATCH: plain('CHECKSUM_MISMATCH'),
  MALWARE_DETECTED: plain('MALWARE_DETECTED'),
  METADATA_INVALID: plain('METADATA_INVALID'),
  FILE_MISSING: Object.freeze({
    code: 'FILE_MISSING',
    message: 'The manifest names a file that is not there.',
    remediation: 'Add the file, or take it out of the manifest.',
  }),
} satisfies Record<string, IntakeRemedy>);

export type RemedyName = keyof typeof INTAKE_REMEDIES;

/** What is wrong with one file, with the values that show it (types, sizes, hashes; never content). */
export interface FileProblem {
  remedy: RemedyName;
  details: Record<string, unknown>;
}

/** Of a file whose bytes are in quarantine already: malware never comes out, other reasons a person may look at. */
export const QUARANTINED_BEFORE = Object.freeze({
  malware: words('The same file is in quarantine already.', 'Clean the file at its source and send the clean copy.'),
  rejected: words('The same file was refused for good.', 'Correct the file at its source and send the corrected one.'),
  other: words('The same file is in quarantine already.', 'Ask an administrator to review the quarantined document.'),
});

// A whole batch --------------------------------------------------------------------------------------------------------

/** Why a batch was refused as a whole, by the code of the refusal. */
export const BATCH_REMEDIES = Object.freeze({
  MANIFEST_INVALID: 'Correct the manifest (manifest.json), or let `frostbyte ingest` build it.',
  MANIFEST_FILE_COUNT_MISMATCH:
    'Make the manifest and the files agree, one entry for each file, and send the batch again.',
  DUPLICATE_FILE_ID: 'Give each file of the manifest a file_id of its own.',
  BATCH_ALREADY_EXISTS: 'Choose a new batch_id: this one was used with another manifest.',
  VALIDATION_ERROR: 'Put a plain copy of each file beside the manifest: no links, folders or devices.',
  QUOTA_EXCEEDED: 'Ask the platform owner for room: the batch is taken by itself as soon as there is enough.',
  SERVICE_UNAVAILABLE: 'Nothing is wrong with the batch. It is tried again by itself.',
  INTERNAL_ERROR:
    'Nothing is known against the batch. It is tried again by itself; tell the platform owner if it stays.',
} as const);

/** What to do about a batch that was refused, or could not be taken now. */
export function batchRemedy(code: string): string {
  return Object.hasOwn(BATCH_REMEDIES, code)
    ? BATCH_REMEDIES[code as keyof typeof BATCH_REMEDIES]
    : BATCH_REMEDIES.INTERNAL_ERROR;
}

/** The same where the refusal has details: their own mend if it is one for all of them, else that each has its own. */
export function refusalRemedy(code: string, details: readonly { remediation?: string }[]): string {
  const mends = new Set(details.map(({ remediation }) => remediation));
  const [first] = mends;
  if (first === undefined || mends.has(undefined)) return batchRemedy(code);
  return mends.size === 1 ? first : 'Correct what the details name, each as it says there.';
}

/** What only the sender's own check finds (`frostbyte manifest check`). */
export const SENDER_REMEDIES = Object.freeze({
  NOT_IN_MANIFEST: words(
    'The file is in the folder, but not in the manifest.',
    'Add it to the manifest, or take it out of the folder.',
  ),
  NAME_IS_PATH: words('The file name is a path.', 'Name the file alone; all files lie beside the manifest.'),
});

/** Why a folder of the inbox is not taken, by code. */
export const INBOX_REMEDIES = Object.freeze({
  MANIFEST_MISSING: words('There is no manifest.json in the folder.', 'Put it there last, once all files are there.'),
  MANIFEST_UNFINISHED: words(
    'manifest.json cannot be read as JSON; it may still be on its way.',
    'Wait for the end of the upload, or write the manifest again.',
  ),
  STILL_CHANGING: words('The batch still changes.', 'Wait; it is looked at once nothing changes any more.'),
  FILES_MISSING: words(
    'Files that the manifest names are not there, or not with the size it gives.',
    'Add or replace the files listed, or correct the manifest.',
  ),
  NOT_PLAIN: words(
    'A link, a device or something else that is no plain folder or file lies there. It was not followed.',
    'Put a plain folder there, with plain copies of the files.',
  ),
  IS_LINK: words(
    'A link lies there in place of a folder. It was not followed.',
    'Put the folder itself there, with plain copies of the files.',
  ),
  UNREADABLE: words(
    'The appliance may not read the folder or a file in it.',
    'Give the appliance’s user the right to read it.',
  ),
  REFUSED: words('The batch was refused; refused.json says why.', 'Mend what it names; the batch is looked at again.'),
  POSTPONED: words(
    'The batch cannot be taken now.',
    'It is tried again by itself; the code says what stands in the way.',
  ),
  COMPLETE: words('The batch is complete; it is taken once nothing has changed for a moment.', NOTHING),
});

export type InboxReason = keyof typeof INBOX_REMEDIES;

/** What to do about a folder that is not taken: what its code asks for, where that has words, else its reason. */
export function inboxRemedy(reason: InboxReason, code: string | null): string {
  return code !== null && Object.hasOwn(BATCH_REMEDIES, code) ? batchRemedy(code) : INBOX_REMEDIES[reason].remediation;
}

/** What a message in a tenant's outbox says, by kind of notice. */
export const NOTICES = Object.freeze({
  suspended: words(
    'The service for this tenant is suspended: nothing is taken from the inbox, no search is answered. Nothing was deleted.',
    'Ask the platform owner. What lies in the inbox is taken by itself once the service is resumed.',
  ),
  break_glass: words(
    'An administrator has opened this tenant’s content for a reason and a short time (break-glass).',
    'Nothing has to be done. Who, why and until when: `frostbyte notices list`; each look is in the audit log. Acknowledge the notice once your own admin has read it.',
  ),
  other: words('The platform owner has left a notice for this tenant.', 'Ask the platform owner what it is about.'),
});

/** The words of a notice; of a kind that has none of its own, that there is one. */
export function noticeWords(kind: string): Remedy {
  return Object.hasOwn(NOTICES, kind) ? NOTICES[kind as keyof typeof NOTICES] : NOTICES.other;
}

// Names ----------------------------------------------------------------------------------------------------------------

interface Dropped {
  label: string;
  severity: Exclude<Severity, 'blocked'>;
}
const lost = (label: string): Dropped => Object.freeze({ label, severity: 'warning' });
const aside = (label: string): Dropped => Object.freeze({ label, severity: 'note' });

/** What the parser leaves out, by its element type. `note` where nothing of the document's own text is missing. */
export const DROPPED_CONTENT: Readonly<Record<string, Dropped>> = Object.freeze({
  alternative_content: lost('Imported part'),
  attachment: lost('Attached file'),
  chart: lost('Chart'),
  comment: aside('Comment'),
  deletion: aside('Deleted text (tracked change)'),
  diagram: lost('Diagram'),
  dynamic_form: lost('Dynamic form'),
  embedded_media: lost('Sound, film or 3D content'),
  embedded_object: lost('Embedded object'),
  external_image: lost('Linked image'),
  external_link: aside('Link to another place'),
  form_action: aside('Action of a form field'),
  form_control: lost('Form control'),
  header_footer: aside('Header or footer'),
  hidden_column: lost('Hidden column'),
  hidden_row: lost('Hidden row'),
  hidden_sheet: lost('Hidden sheet'),
  image: lost('Image'),
  low_confidence_page: lost('Page that is hard to read'),
  macro: aside('Macro'),
  page: lost('Page'),
  page_content: lost('Part of a page'),
  page_furniture: aside('Running header, footer or page number'),
  ragged_rows: lost('Uneven table rows'),
  script: aside('Script'),
  table_cells: lost('Table cells'),
  table_shape: aside('Shape of a table'),
  table_structure: lost('Rows and cells of a table'),
  unreadable_page: lost('Page'),
});

/** A dropped element's name and weight; a type that this version does not know is named as it stands. */
export function droppedContent(elementType: string): Dropped {
  return Object.hasOwn(DROPPED_CONTENT, elementType)
    ? DROPPED_CONTENT[elementType]!
    : lost(elementType.replaceAll('_', ' '));
}

/** How text was hidden, by the parser's kind. */
export const HIDDEN_TEXT: Readonly<Record<string, string>> = Object.freeze({
  clipped_text: 'cut off by its frame',
  hidden_column: 'in a hidden column',
  hidden_drawing: 'in a hidden drawing',
  hidden_format: 'hidden by its number format',
  hidden_layer: 'on a layer that is switched off',
  hidden_row: 'in a hidden row',
  hidden_sheet: 'on a hidden sheet',
  invisible_render_mode: 'drawn without ink',
  merged_cell: 'under a merged cell',
  ocr_layer_mismatch: 'in a text layer that says something else than the picture',
  off_page: 'outside the page',
  tiny_text: 'too small to read',
  transparent_text: 'transparent',
  under_image: 'under an image',
  unicode_tags: 'in characters that are never shown',
  vanish: 'marked as hidden',
  white_on_white: 'in the colour of its background',
});

/** How text was hidden, in words. */
export function hiddenText(kind: string): string {
  return Object.hasOwn(HIDDEN_TEXT, kind) ? HIDDEN_TEXT[kind]! : kind.replaceAll('_', ' ');
}

/** Types of personal data, as people call them. */
export const PII_NAMES: Readonly<Record<string, string>> = Object.freeze({
  SSN: 'Social security number',
  DOB: 'Date of birth',
  EMAIL: 'E-mail address',
  PHONE: 'Telephone number',
  NAME: 'Name',
  ADDRESS: 'Address',
  MEDICAL_RECORD: 'Medical record number',
  FINANCIAL_ACCOUNT: 'Account number',
  PASSPORT: 'Passport number',
  DRIVERS_LICENSE: 'Driver’s licence number',
});

/** Classes of documents, as people call them. */
export const CLASS_NAMES: Readonly<Record<string, string>> = Object.freeze({
  contract: 'Contract',
  invoice: 'Invoice',
  SOP: 'Operating procedure',
  policy: 'Policy',
  correspondence: 'Correspondence',
  legal_filing: 'Legal filing',
  other: 'Other',
});

function words(message: string, remediation: string): Remedy {
  return Object.freeze({ message, remediation });
}
