import { luhn, mod1110, remainder, validDate, weighted } from './numbers.ts';

/** National identity numbers, each with the rule its issuer publishes. All take the number as written. */

const digitsOf = (value: string) => value.replace(/\D/g, '');
const number = (text: string) => Number(text);

/** US: area not 000, 666 or 9xx; group and serial not zero; the numbers printed in adverts are out. */
export function usSsn(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 9 || /^(\d)\1+$/.test(digits)) return false;
  const area = digits.slice(0, 3);
  if (area === '000' || area === '666' || area >= '900') return false;
  if (digits.slice(3, 5) === '00' || digits.slice(5) === '0000') return false;
  return digits !== '078051120' && digits !== '219099999';
}

/** US taxpayer numbers of people without an SSN: 9xx with the group ranges in use. */
export function usItin(value: string): boolean {
  const digits = digitsOf(value);
  const group = number(digits.slice(3, 5));
  return (
    digits.length === 9 &&
    digits[0] === '9' &&
    ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93 && group <= 99))
  );
}

/** Norway: date (D-numbers add 40 to the day), two mod 11 digits. */
export function norwegianId(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 11) return false;
  const day = number(digits.slice(0, 2)) % 40;
  const month = number(digits.slice(2, 4)) % 40;
  if (!validDate(day, month)) return false;
  const first = (11 - (weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11;
  const second = (11 - (weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return first === number(digits[9]!) && second === number(digits[10]!);
}

/** Sweden: date (coordination numbers add 60), Luhn over ten digits. */
export function swedishId(value: string): boolean {
  const digits = digitsOf(value).slice(-10);
  const day = number(digits.slice(4, 6));
  return digits.length === 10 && validDate(day > 60 ? day - 60 : day, number(digits.slice(2, 4))) && luhn(digits);
}

/** Denmark: a date; the old mod 11 rule no longer holds for all. */
export function danishId(value: string): boolean {
  const digits = digitsOf(value);
  return digits.length === 10 && validDate(number(digits.slice(0, 2)), number(digits.slice(2, 4)));
}

/** Finland: date, and a letter from mod 31. */
export function finnishId(value: string): boolean {
  const serial = value.slice(7, 10);
  if (!validDate(number(value.slice(0, 2)), number(value.slice(2, 4)))) return false;
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[number(value.slice(0, 6) + serial) % 31] === value[10]?.toUpperCase();
}

/** Germany, tax id: eleven digits, no leading zero, one digit twice or thrice among the first ten, MOD 11,10. */
export function germanTaxId(value: string): boolean {
  const digits = digitsOf(value);
  if (!/^[1-9]\d{10}$/.test(digits)) return false;
  const different = new Set(digits.slice(0, 10)).size;
  return (different === 9 || different === 8) && mod1110(digits);
}

/** Germany, pension insurance: area, birth date, letter, serial, weighted digit sum. */
export function germanPensionId(value: string): boolean {
  const plain = value.replace(/ /g, '').toUpperCase();
  const letter = String(plain.charCodeAt(8) - 64).padStart(2, '0');
  const digits = plain.slice(0, 8) + letter + plain.slice(9, 11);
  const factors = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
  let sum = 0;
  for (let i = 0; i < 12; i++) {
    const product = number(digits[i]!) * factors[i]!;
    sum += Math.floor(product / 10) + (product % 10);
  }
  return sum % 10 === number(plain[11]!) && number(plain.slice(4, 6)) <= 12;
}

/** UK National Insurance: prefixes that are not issued are out. */
export function ukNino(value: string): boolean {
  return !/^(BG|GB|KN|NK|NT|TN|ZZ)/i.test(value);
}

/** France: thirteen digits and key, mod 97; Corsica's 2A and 2B count as 19 and 18. */
export function frenchNir(value: string): boolean {
  const plain = value.replace(/ /g, '').toUpperCase().replace('2A', '19').replace('2B', '18');
  if (!/^\d{15}$/.test(plain)) return false;
  const month = number(plain.slice(3, 5));
  return (
    (month <= 12 || (month >= 20 && month <= 42) || month >= 50) &&
    97 - remainder(plain.slice(0, 13), 97) === number(plain.slice(13))
  );
}

const ODD = 'BAKPLCQDREVOSFTGUHMINJWZYX';

/** Italy, codice fiscale: check letter over odd and even places. */
export function italianFiscalCode(value: string): boolean {
  const plain = value.toUpperCase();
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const character = plain[i]!;
    const place = /\d/.test(character) ? number(character) : character.charCodeAt(0) - 65;
    sum += i % 2 === 1 ? place : ODD.indexOf(String.fromCharCode(65 + place));
  }
  return String.fromCharCode(65 + (sum % 26)) === plain[15];
}

/** Spain, DNI and NIE: letter from mod 23. */
export function spanishId(value: string): boolean {
  const plain = value.replace(/[ .-]/g, '').toUpperCase().replace(/^X/, '0').replace(/^Y/, '1').replace(/^Z/, '2');
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number(plain.slice(0, -1)) % 23] === plain.at(-1);
}

/** Portugal, NIF: nine digits, mod 11, first digit in use. */
export function portugueseNif(value: string): boolean {
  const digits = digitsOf(value);
  if (!/^[123568]\d{8}$/.test(digits)) return false;
  const rest = weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return number(digits[8]!) === (rest < 2 ? 0 : 11 - rest);
}

/** Netherlands, BSN: the eleven test with a negative last weight. */
export function dutchBsn(value: string): boolean {
  const digits = digitsOf(value).padStart(9, '0');
  return digits.length === 9 && !/^0+$/.test(digits) && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

/** Belgium: birth date and serial, mod 97; a 2 goes before for those born since 2000. */
export function belgianId(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 11) return false;
  const check = number(digits.slice(9));
  return 97 - remainder(digits.slice(0, 9), 97) === check || 97 - remainder(`2${digits.slice(0, 9)}`, 97) === check;
}

/** Poland, PESEL: birth date with the century in the month, weights 1-3-7-9. */
export function polishPesel(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 11 || !validDate(number(digits.slice(4, 6)), number(digits.slice(2, 4)) % 20)) return false;
  return (10 - (weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === number(digits[10]!);
}

/** Switzerland, AHV: 756 and the EAN-13 check digit. */
export function swissAhv(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 13 || !digits.startsWith('756')) return false;
  return (10 - (weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10 === number(digits[12]!);
}

/** Austria: serial, check digit at the fourth place, birth date. */
export function austrianId(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 10 || !validDate(number(digits.slice(4, 6)), number(digits.slice(6, 8)))) return false;
  return (weighted(digits, [3, 7, 9]) + weighted(digits.slice(4), [5, 8, 4, 2, 1, 6])) % 11 === number(digits[3]!);
}

/** Brazil, CPF: two mod 11 digits. */
export function brazilianCpf(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 11 || /^(\d)\1+$/.test(digits)) return false;
  const first = ((weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10;
  const second = ((weighted(digits, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10;
  return first === number(digits[9]!) && second === number(digits[10]!);
}

/** UK health service number: ten digits, mod 11. */
export function nhsNumber(value: string): boolean {
  const digits = digitsOf(value);
  if (digits.length !== 10) return false;
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 10 && check % 11 === number(digits[9]!);
}

/** German health insurance: letter and nine digits, the letter counted as two digits, Luhn-like from the left. */
export function germanHealthId(value: string): boolean {
  const digits = String(value.toUpperCase().charCodeAt(0) - 64).padStart(2, '0') + value.slice(1);
  let sum = 0;
  for (let i = 0; i < 10; i++) {
    const product = number(digits[i]!) * (i % 2 === 0 ? 1 : 2);
    sum += product > 9 ? product - 9 : product;
  }
  return sum % 10 === number(digits[10]!);
}
