import { FrostbyteError } from '../../kernel/errors.ts';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * A bound of a time range as the rows write times (UTC, milliseconds), so that text compares as time. A bare day means
 * its first moment as a start and its last as an end. Throws `VALIDATION_ERROR` for what is no ISO 8601 time.
 */
export function instant(value: string, bound: 'start' | 'end'): string {
  const whole = DAY.test(value) ? `${value}T${bound === 'start' ? '00:00:00.000' : '23:59:59.999'}Z` : value;
  const time = new Date(whole);
  if (/^\d{4}-/.test(whole) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new FrostbyteError('VALIDATION_ERROR', 'A bound of a time range is not an ISO 8601 time.', {
    details: [{ field: `${bound}_date`, constraint: 'ISO 8601' }],
  });
}
