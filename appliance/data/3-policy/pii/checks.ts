import { card, cardRange, iban, norwegianAccount, routingNumber } from './checksums/accounts.ts';
import * as identities from './checksums/identities.ts';
import { luhn, validDate, verhoeff } from './checksums/numbers.ts';

/** The arithmetic that pattern rows name. Each takes the match as written. */

/** Seven to fifteen digits, not one digit repeated, not a date and not an IPv4 address. */
function phone(value: string): boolean {
  const digits = value.replace(/(?:x|ext\.?|#) ?\d+$/i, '').replace(/\D/g, '');
  if (digits.length < 7 || digits.length > 15 || /^(\d)\1+$/.test(digits)) return false;
  if (/^\d{4}[-. /]\d{2}[-. /]\d{2}$/.test(value) || /^\d{2}[-. /]\d{2}[-. /]\d{4}$/.test(value)) return false;
  // Journals (ISSN) and other register numbers.
  if (/^0\d{3}-\d{3}[\dX]$/.test(value) || /^0{3}/.test(digits)) return false;
  return !/^(?:19|20)\d{2}[ -](?:19|20)\d{2}$/.test(value);
}

function internationalPhone(value: string): boolean {
  const digits = value
    .replace(/(?:x|ext\.?|#) ?\d+$/i, '')
    .replace(/\D/g, '')
    .replace(/^00/, '');
  return digits.length >= 7 && digits.length <= 15 && !/^(\d)\1+$/.test(digits);
}

/** Day-month-year, month-day-year or year-month-day that exists; years from 1850 to 2100. */
function date(value: string): boolean {
  const [a = 0, b = 0, c = 0] = value.split(/[-/.] ?/).map(Number);
  if (a > 31) return a >= 1850 && validDate(c, b, a);
  if (c > 99 && (c < 1850 || c > 2100)) return false;
  return validDate(a, b) || validDate(b, a);
}

/** Licence numbers have at least five digits or are a mix of letters and digits of eight or more. */
function licence(value: string): boolean {
  const plain = value.replace(/[ -]/g, '');
  const digits = plain.replace(/\D/g, '').length;
  return plain.length <= 20 && (digits >= 6 || (digits >= 4 && plain.length >= 8 && plain.length - digits <= 8));
}

export const CHECKS = {
  ...identities,
  card,
  cardRange,
  iban,
  norwegianAccount,
  routingNumber,
  luhn: (value: string) => luhn(value.replace(/\D/g, '')),
  verhoeff: (value: string) => verhoeff(value.replace(/\D/g, '')),
  phone,
  internationalPhone,
  date,
  licence,
} as const satisfies Record<string, (value: string) => boolean>;

export type CheckName = keyof typeof CHECKS;
