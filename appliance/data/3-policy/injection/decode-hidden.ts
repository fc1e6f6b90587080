/**
 * Readings of a text that its writer may have hidden: base64, hexadecimal, percent-encoding, ROT13, reversed words,
 * spaced-out letters, and letters written as digits. Each is scored like the text itself; only what turns out to hold
 * instructions counts. O(n); at most a fixed number of candidates.
 */
const MAX_CANDIDATES = 24;
const BASE64 = /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,20000}={0,2}/g;
const HEX = /(?<![0-9A-Za-z])(?:\\x|0x)?[0-9a-fA-F]{2}(?:(?:[ :,-]|\\x|0x| 0x)?[0-9a-fA-F]{2}){9,5000}(?![0-9A-Za-z])/g;
const ENTITIES = /(?:&#(?:x[0-9a-fA-F]{1,5}|\d{1,6});){6,2000}/g;
/** ROT13 and reversed forms of the commonest words of instructions: only then is the whole text turned. */
const ROT13_SIGNS =
  /\b(?:vtaber|qvfertneq|sbetrg|cerivbhf|vafgehpgvbaf?|cebzcg|flfgrz|eriRny|flfgrz|vtabevrer|naurvfhatra|vafgehpgvbarf)\b/i;
const REVERSED_SIGNS = /\b(?:erongi|suoiverp|s?noitcurtsni|tpmorp|metsys|tegrof|laever|dragersid)\b/i;

export interface HiddenReading {
  kind: 'base64' | 'hex' | 'percent' | 'entities' | 'rot13' | 'reversed' | 'spaced' | 'leet';
  text: string;
}

/** Readings worth scoring, in order of appearance by kind. */
export function hiddenReadings(original: string, folded: string): HiddenReading[] {
  const readings: HiddenReading[] = [];
  const add = (kind: HiddenReading['kind'], text: string | undefined) => {
    if (text !== undefined && readings.length < MAX_CANDIDATES) readings.push({ kind, text });
  };
  for (const match of original.matchAll(BASE64))
    if (readings.length < MAX_CANDIDATES) add('base64', readable(Buffer.from(match[0], 'base64')));
  for (const match of original.matchAll(HEX)) {
    if (readings.length >= MAX_CANDIDATES) break;
    add('hex', readable(Buffer.from(match[0].replace(/\\x|0x|[^0-9a-fA-F]/g, ''), 'hex')));
  }
  if (/%[0-9a-fA-F]{2}/.test(original)) add('percent', percentDecoded(original));
  if (ENTITIES.test(original)) add('entities', entitiesDecoded(original));
  ENTITIES.lastIndex = 0;
  if (ROT13_SIGNS.test(folded)) add('rot13', rot13(folded));
  if (REVERSED_SIGNS.test(folded)) add('reversed', [...folded].reverse().join(''));
  add('spaced', joinedLetters(folded));
  add('leet', lettersForDigits(folded));
  return readings;
}

/** The bytes as text when they are mostly readable letters, else undefined. */
function readable(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  if (text.length < 8 || text.includes('\uFFFD')) return undefined;
  const letters = text.match(/[\p{L}\s]/gu)?.length ?? 0;
  return letters / text.length > 0.75 ? text : undefined;
}

function percentDecoded(text: string): string | undefined {
  const decoded = text.replace(/(?:%[0-9a-fA-F]{2}){1,400}/g, (run) => readableRun(run) ?? run).replace(/\+/g, ' ');
  return decoded === text ? undefined : decoded;
}

function readableRun(run: string): string | undefined {
  const text = Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8');
  return text.includes('\uFFFD') ? undefined : text;
}

function entitiesDecoded(text: string): string {
  return text.replace(/&#(x?)([0-9a-fA-F]{1,6});/g, (whole, hex: string, digits: string) => {
    const code = Number.parseInt(digits, hex ? 16 : 10);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole;
  });
}

function rot13(text: string): string {
  return text.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97));
}

/** "i g n o r e  a l l" → "ignore all"; undefined when nothing is spaced out. */
function joinedLetters(text: string): string | undefined {
  let changed = false;
  const joined = text.replace(/(?<![\p{L}\p{N}])\p{L}(?:[ .*_-]\p{L}(?![\p{L}\p{N}])){4,200}/gu, (run) => {
    changed = true;
    return run.replace(/[ .*_-]/g, '');
  });
  return changed ? joined : undefined;
}

const DIGIT_LETTERS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
};

/** "1gn0r3 4ll" → "ignore all"; undefined unless at least two words mix letters and such digits. */
function lettersForDigits(text: string): string | undefined {
  let changed = 0;
  const read = text.replace(/(?<![\p{L}\p{N}@$!|])[a-z0134578@$!|]{2,30}(?![\p{L}\p{N}@$|])/gu, (word) => {
    if (!/[a-z]/.test(word) || !/[013457@$|]|!(?=[a-z])/.test(word)) return word;
    changed++;
    return word.replace(/[013457@$|]|!(?=[a-z])/g, (sign) => DIGIT_LETTERS[sign] ?? sign);
  });
  return changed >= 2 ? read : undefined;
}
