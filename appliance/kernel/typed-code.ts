import { randomBytes } from 'node:crypto';

/** Codes that a person reads in one place and types in another. */

/** Crockford's: none is taken for another when it is read aloud. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Of five bits each: 125. */
const LENGTH = 25;
const GROUPS = /.{5}/g;
const SAME: Readonly<Record<string, string>> = Object.freeze({ O: '0', I: '1', L: '1' });

/** A new code: 125 random bits in five groups of five letters and digits. */
export function typedCode(): string {
  const letters = [...randomBytes(LENGTH)].map((byte) => LETTERS[byte & 31]).join('');
  return letters.match(GROUPS)!.join('-');
}

/** A code as it was meant: whatever the case, with or without what parts its groups. */
export function meantCode(typed: string): string {
  return typed
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replace(/[OIL]/g, (letter) => SAME[letter]!);
}
