import { FrostbyteError } from '../../kernel/errors.ts';

/** The error for a SOPS file that was changed, cut or is none. Says nothing of its content. */
export function changed(cause?: unknown): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', 'The SOPS file was changed, cut or is not one.', { cause });
}

/** The error for something that SOPS knows and this appliance does not read; `name` is the field of the metadata. */
export function notRead(name: string, mend: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', `The SOPS file uses ${name}, which is not read here. ${mend}`, {
    details: [{ field: `sops.${name}`, constraint: 'not supported' }],
  });
}
