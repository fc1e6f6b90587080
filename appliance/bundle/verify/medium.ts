import { FrostbyteError } from '../../kernel/errors.ts';

/** What a medium says when it is pulled out, or breaks. */
const GONE = new Set(['EIO', 'ENODEV', 'ENXIO', 'ESTALE', 'EREMOTEIO', 'ENOMEDIUM', 'ENOTCONN']);

/** What the system says while a bundle is read, in words; everything else as it is. */
export function mediumError(error: unknown, at: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof FrostbyteError || code === undefined) return error;
  const details = [{ field: 'path', value: at, constraint: `can be read (${code})` }];
  if (GONE.has(code)) {
    return new FrostbyteError(
      'BUNDLE_MEDIUM_FAILED',
      'The medium cannot be read any more: it was pulled out, or it is damaged. Put it in again and repeat, or copy the bundle to another one.',
      { cause: error, details },
    );
  }
  if (code === 'ENOENT')
    return new FrostbyteError('BUNDLE_FILE_MISSING', `There is no ${at}.`, { cause: error, details });
  if (code === 'ELOOP') return new FrostbyteError('BUNDLE_LINK_REFUSED', `${at} is a link.`, { cause: error, details });
  return error;
}
