/**
 * What a data lead is told about a problem, and what to do, in words that need no engineer. One catalogue for
 * everything that can go wrong with a document after intake; intake has its own, beside its checks.
 */
export interface Remedy {
  message: string;
  remediation: string;
}

const remedy = (message: string, remediation: string): Remedy => Object.freeze({ message, remediation });

export const REMEDIES: Readonly<Record<string, Remedy>> = Object.freeze({
  FILE_CORRUPTED: remedy(
    'The file is damaged and cannot be read.',
    'Open it in the program that made it, save it anew, and send the new file.',
  ),
  FILE_ENCRYPTED: remedy('The file is protected by a password.', 'Remove the password and send the file again.'),
  UNSUPPORTED_FORMAT: remedy(
    'The file is of a type that is not taken.',
    'Convert it to PDF, DOCX, XLSX, TXT, CSV, PNG or TIFF and send it again.',
  ),
  OCR_FAILED: remedy(
    'The text on the pictures could not be read.',
    'Scan the pages again, straight and at 300 dpi or more, and send the new file.',
  ),
  PARSER_TIMEOUT: remedy(
    'Reading the file took too long.',
    'Split it into smaller files, or save it anew, and send it again.',
  ),
  PARSER_MEMORY: remedy('Reading the file needed too much memory.', 'Split it into smaller files and send them again.'),
  PARSER_ERROR: remedy(
    'The file could not be read.',
    'Save it anew in the program that made it and send it again; if it fails again, ask the platform owner to look at the dead letter.',
  ),
  PARSER_SANDBOX_UNAVAILABLE: remedy(
    'The appliance could not read files safely and did not try.',
    'Ask the platform owner: `frostbyte doctor` names what is missing.',
  ),
  GATE_UNAVAILABLE: remedy(
    'A policy gate could not judge the document, so it was not let through.',
    'Ask the platform owner to retry its dead letter.',
  ),
  DIMENSION_MISMATCH: remedy(
    'The embedding model gave vectors of the wrong size.',
    'Ask the platform owner: the model is not the one this appliance expects.',
  ),
  EMBEDDER_UNAVAILABLE: remedy(
    'The embedding model did not answer.',
    'Ask the platform owner to retry the dead letter once the model runs.',
  ),
  INDEX_VERIFY_FAILED: remedy(
    'The index did not give back what was written to it.',
    'Ask the platform owner to check the disk and to retry the dead letter.',
  ),
  OBJECT_CORRUPTED: remedy(
    'The stored file is not the one that was received.',
    'Send the file again, and ask the platform owner to check the disk.',
  ),
  OBJECT_MISSING: remedy(
    'The stored file is gone.',
    'Send the file again, and ask the platform owner to check the disk.',
  ),
  WORKER_LOST: remedy(
    'Processing this file brought the worker down again and again.',
    'Save it anew and send it again; if it fails again, ask the platform owner to look at the dead letter.',
  ),
  INTERNAL_ERROR: remedy(
    'The file could not be processed through a fault of ours.',
    'Ask the platform owner to retry the dead letter and to send a support bundle.',
  ),

  MALWARE_DETECTED: remedy(
    'The malware scanner found something in the file.',
    'Clean the source system, and send a clean copy. The bytes are locked away and never come out.',
  ),
  PII_BLOCK_POLICY: remedy(
    'The file holds personal data that this tenant does not take.',
    'Remove the personal data and send the file again, or ask an administrator to release it with a reason.',
  ),
  INJECTION_DETECTED: remedy(
    'The file holds text that tries to give orders to an AI.',
    'Look at the source of the file. An administrator can release it with a reason if it is harmless.',
  ),
  QUARANTINE_REJECTED: remedy(
    'The file was looked at and refused for good.',
    'Ask who looks after the tenant why; correct the file at its source and send the corrected one.',
  ),
  CHUNKS_QUARANTINED: remedy(
    'Parts of the file hold text that tries to give orders to an AI; they are kept out of search.',
    'Look at the parts named; the rest of the file is indexed.',
  ),
  HELD_FOR_REVIEW: remedy(
    'The kind of document is not clear enough.',
    'Someone with the right to review has to confirm or correct its class.',
  ),

  LOW_COVERAGE: remedy(
    'Less than four fifths of the characters in the file came out.',
    'Compare the document with its source; send it in another format if parts are missing.',
  ),
  NO_TEXT: remedy(
    'The file holds no text that could be read.',
    'Check that it is not empty; scan it again at 300 dpi if it is a picture.',
  ),
});

const UNKNOWN = REMEDIES.INTERNAL_ERROR!;

/** The catalogue's words for a code; an unknown code reads as a fault of ours. */
export function remedyFor(code: string): Remedy {
  return REMEDIES[code] ?? UNKNOWN;
}
