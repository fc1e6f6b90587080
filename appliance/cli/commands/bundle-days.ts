/** Days as people write them (2027-12-31), and as the lists of signers hold them (20271231: its beginning). */
import { FrostbyteError } from '../../kernel/errors.ts';

const DAY_MS = 86_400_000;

/** Reads a day. Throws `VALIDATION_ERROR`, for one that does not exist too. */
export function listDay(field: string, text: string): string {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? text.replaceAll('-', '') : '';
  // One that does not exist would become another.
  if (day !== '' && moved(day, 0) === day) return day;
  throw new FrostbyteError('VALIDATION_ERROR', `${text} is not a day. Write it as 2027-12-31.`, {
    details: [{ field, value: text, constraint: 'a day, such as 2027-12-31' }],
  });
}

/** Today, where this host stands. */
export function today(now = new Date()): string {
  return [now.getFullYear(), String(now.getMonth() + 1).padStart(2, '0'), String(now.getDate()).padStart(2, '0')].join(
    '-',
  );
}

export const dayAfter = (day: string): string => moved(day, 1);
export const dayBefore = (day: string): string => moved(day, -1);

export function shownDay(day: string | null): string | null {
  return day === null ? null : day.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
}

/** A calendar has no time zone. */
function moved(day: string, days: number): string {
  const at = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(4, 6)) - 1, Number(day.slice(6)));
  return new Date(at + days * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
}
