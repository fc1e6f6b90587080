import { FrostbyteError } from '../../kernel/errors.ts';

/** The error for a body that is not the multipart/form-data of a batch; `message` says in which way. */
export function malformed(message: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError('MANIFEST_INVALID', message, {
    details: [{ field: 'body', constraint: 'multipart/form-data with a part "manifest" and one part for each file' }],
    ...(cause === undefined ? {} : { cause }),
  });
}
