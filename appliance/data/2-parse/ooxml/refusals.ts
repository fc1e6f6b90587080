import { FrostbyteError } from '../../../kernel/errors.ts';

/** `FILE_CORRUPTED` with a fixed message; `reason` is a literal of the source, never text from the file. */
export function corrupted(reason: string): FrostbyteError {
  return new FrostbyteError('FILE_CORRUPTED', `The Office file cannot be read: ${reason}.`);
}

/** `FILE_ENCRYPTED`: the file needs a password that the pipeline does not have. */
export function encrypted(): FrostbyteError {
  return new FrostbyteError('FILE_ENCRYPTED', 'The Office file is protected by a password.');
}

/** `UNSUPPORTED_FORMAT` with a fixed message. */
export function unsupported(reason: string): FrostbyteError {
  return new FrostbyteError('UNSUPPORTED_FORMAT', `The Office file is not accepted: ${reason}.`);
}
