/** Dates as custom fields hold them: a plain date, or a moment with its offset (ISO 8601). */
const DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(\.\d+)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d))?$/;
/** Nanoseconds and an offset: the longest that anything writes. */
const LONGEST = 35;
const DAY_MS = 86_400_000;
/** The last moment that every store can hold: the end of the year 9999. */
const LAST = 253_402_300_799_999;

/** Milliseconds since the epoch, both ends included. */
export interface Moments {
  from: number;
  to: number;
}

/**
 * What a date stands for: a plain date for its whole day in UTC, a moment for itself, rounded to the millisecond. Null
 * where the text is no date of the calendar.
 */
export function momentsOf(text: string): Moments | null {
  const [, year, month, day, time, fraction = '', offset] = (text.length <= LONGEST && DATE.exec(text)) || [];
  if (year === undefined) return null;
  const midnight = Date.parse(`${year}-${month}-${day}T00:00:00.000Z`);
  // Some days are in no calendar, but in every parser: the 30th of February becomes the 2nd of March.
  if (!Number.isFinite(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return null;
  if (time === undefined) return { from: midnight, to: midnight + DAY_MS - 1 };
  if (fraction !== '' && time.length < 8) return null;
  const seconds = Date.parse(`${year}-${month}-${day}T${time}${offset}`);
  // A fraction never reaches the next second.
  const moment = seconds + Math.floor(Math.min(Number(`0${fraction}`), 0.999) * 1000 + 0.5);
  return moment > LAST ? null : { from: moment, to: moment };
}
