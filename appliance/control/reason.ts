import { FrostbyteError } from '../kernel/errors.ts';

const LONGEST = 500;

/** A person's reason, as events hold it: trimmed, one line, 1 to 500 characters. Throws `VALIDATION_ERROR`. */
export function reasonText(reason: string): string {
  const text = typeof reason === 'string' ? reason.trim() : '';
  if (text.length > 0 && text.length <= LONGEST && !/[\p{Cc}\p{Cs}]/u.test(text)) return text;
  throw new FrostbyteError('VALIDATION_ERROR', 'A reason is required.', {
    details: [{ field: 'reason', constraint: `one line of 1 to ${LONGEST} characters` }],
  });
}
