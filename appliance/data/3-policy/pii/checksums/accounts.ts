import { luhn, remainder, weighted } from './numbers.ts';

/** IBAN lengths by country (SWIFT IBAN registry). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.freeze({
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
});

/** ISO 13616: known country, its length, mod 97 = 1. Spaces and case do not matter. */
export function iban(value: string): boolean {
  const plain = value.replace(/[ -]/g, '').toUpperCase();
  if (IBAN_LENGTHS[plain.slice(0, 2)] !== plain.length) return false;
  const moved = plain.slice(4) + plain.slice(0, 4);
  const digits = moved.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return /^\d+$/.test(digits) && remainder(digits, 97) === 1;
}

/** A payment card: an issuer range in use, 12 to 19 digits, Luhn. */
export function card(value: string): boolean {
  const digits = value.replace(/\D/g, '');
  return cardRange(value) && luhn(digits);
}

/** The issuer ranges and lengths alone, for numbers whose check digit was misread. */
export function cardRange(value: string): boolean {
  const digits = value.replace(/\D/g, '');
  if (/^(\d)\1+$/.test(digits)) return false;
  const length = digits.length;
  if (/^4/.test(digits)) return length === 13 || length === 16 || length === 19;
  if (/^(5[1-5]|2[2-7])/.test(digits)) return length === 16;
  if (/^3[47]/.test(digits)) return length === 15;
  if (/^3(0|6|8|9)/.test(digits)) return length >= 14 && length <= 19;
  if (/^(35|6)/.test(digits)) return length >= 16 && length <= 19;
  if (/^(2131|1800)/.test(digits)) return length === 15;
  if (/^5[06-8]/.test(digits)) return length >= 12 && length <= 19;
  return false;
}

/** Norwegian account numbers: eleven digits, mod 11. */
export function norwegianAccount(value: string): boolean {
  const digits = value.replace(/\D/g, '');
  if (digits.length !== 11) return false;
  const check = (11 - (weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return check === Number(digits[10]);
}

/** US routing numbers: nine digits in a Federal Reserve range, weights 3-7-1. */
export function routingNumber(value: string): boolean {
  const prefix = Number(value.slice(0, 2));
  const known = prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) || prefix === 80;
  return (
    known && /^\d{9}$/.test(value) && !/^0+$/.test(value) && weighted(value, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
  );
}
