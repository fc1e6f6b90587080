import { fixedDigits } from './decimal.ts';
import type { Section, Token } from './format-code.ts';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

interface Moment {
  year: number;
  /** 1–12. */
  month: number;
  day: number;
  weekday: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** The last serial number that is a date: 31 December 9999. */
const LAST_SERIAL = 2_958_466;
const DAY_MS = 86_400_000;

/**
 * A serial number in a date or time format. The 1900 system counts a 29 February 1900 that never was, so numbers below
 * 61 are a day off (ECMA-376 part 1, 18.17.4); the 1904 system begins 1,462 days later. Undefined for numbers that are
 * no date. Names of months and days are English.
 */
export function formatDate(section: Section, serial: number, date1904: boolean): string | undefined {
  const { tokens } = section;
  const elapsedOnly = !tokens.some((token) => token.kind === 'date' && /^[ydgeba]/.test(token.text));
  if (serial < 0 && !tokens.some((token) => token.kind === 'elapsed')) return undefined;
  if (Math.abs(serial) >= LAST_SERIAL && !elapsedOnly) return undefined;
  const fraction = tokens.find((token) => token.kind === 'fraction');
  const unit = fraction ? 10 ** (3 - fraction.width) : 1000;
  // Rounded to the smallest part that shows, so that 11:59:59.9996 is 12:00:00 and not 11:59:60.
  const milliseconds = Math.round((Math.abs(serial) * DAY_MS) / unit) * unit;
  const moment = momentOf(milliseconds, date1904);
  const twelve = tokens.some((token) => token.kind === 'ampm');
  const text = tokens.map((token, at) => datePart(token, at, tokens, moment, milliseconds, twelve)).join('');
  return (serial < 0 ? `-${text}` : text).trim();
}

function momentOf(milliseconds: number, date1904: boolean): Moment {
  const days = Math.floor(milliseconds / DAY_MS);
  const rest = milliseconds - days * DAY_MS;
  const time = {
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    millisecond: Math.floor(rest % 1000),
  };
  if (!date1904 && days === 60) return { year: 1900, month: 2, day: 29, weekday: 3, ...time };
  if (!date1904 && days === 0) return { year: 1900, month: 1, day: 0, weekday: 6, ...time };
  const epoch = date1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30);
  const date = new Date(epoch + days * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    ...time,
  };
}

function datePart(token: Token, at: number, tokens: Token[], moment: Moment, ms: number, twelve: boolean): string {
  switch (token.kind) {
    case 'literal':
      return token.text;
    case 'slash':
      return '/';
    case 'point':
      return '.';
    case 'comma':
      return ',';
    case 'ampm':
      return (moment.hour < 12 ? 'AM' : 'PM').slice(0, token.short ? 1 : 2);
    case 'fraction':
      return `.${String(moment.millisecond).padStart(3, '0').slice(0, token.width)}`;
    case 'elapsed': {
      const per = { h: 3_600_000, m: 60_000, s: 1000 }[token.unit];
      return fixedDigits(Math.floor(ms / per), 0).padStart(token.width, '0');
    }
    case 'date':
      return letterPart(token.text, isMinutes(at, tokens), moment, twelve);
    default:
      return '';
  }
}

/** `m` means minutes right after hours or right before seconds, else months. */
function isMinutes(at: number, tokens: Token[]): boolean {
  const neighbour = (step: number) => {
    for (let i = at + step; i >= 0 && i < tokens.length; i += step) {
      const token = tokens[i]!;
      if (token.kind === 'elapsed') return token.unit;
      if (token.kind === 'date') return token.text[0];
    }
    return undefined;
  };
  return neighbour(-1) === 'h' || neighbour(1) === 's';
}

function letterPart(letters: string, minutes: boolean, moment: Moment, twelve: boolean): string {
  const width = letters.length;
  const pad = (value: number) => String(value).padStart(Math.min(2, width), '0');
  switch (letters[0]) {
    case 'y':
      return width <= 2 ? String(moment.year % 100).padStart(2, '0') : String(moment.year).padStart(4, '0');
    case 'e':
      return String(moment.year);
    case 'b':
      return String(moment.year + 543);
    case 'm': {
      if (minutes) return pad(moment.minute);
      const name = MONTHS[moment.month - 1]!;
      if (width === 3) return name.slice(0, 3);
      if (width === 4) return name;
      return width === 5 ? name.slice(0, 1) : pad(moment.month);
    }
    case 'd': {
      const name = DAYS[moment.weekday]!;
      if (width === 3) return name.slice(0, 3);
      return width >= 4 ? name : pad(moment.day);
    }
    case 'a':
      return width === 3 ? DAYS[moment.weekday]!.slice(0, 3) : DAYS[moment.weekday]!;
    case 'h':
      return pad(twelve ? moment.hour % 12 || 12 : moment.hour);
    case 's':
      return pad(moment.second);
    default:
      return '';
  }
}
