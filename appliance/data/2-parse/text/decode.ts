import { TextDecoder } from 'node:util';
import chardet from 'chardet';
import iconv from 'iconv-lite';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { eastAsianEncoding } from './east-asian.ts';

export interface DecodedText {
  text: string;
  /** Lower-case name, e.g. `utf-8`, `utf-16le`, `shift_jis`. */
  encoding: string;
}

/** Guessing reads this much: enough for any statistics, bounded for large files. */
const SAMPLE = 256 * 1024;
/** A share of control characters above this is no text. */
const MOST_CONTROLS = 0.05;

/**
 * Decodes a text file: byte-order mark, else strict UTF-8, else UTF-16 by its zero bytes, else by statistics
 * (single-byte and East Asian encodings). Throws `FILE_CORRUPTED` for bytes that are no text in any of them. O(n).
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const decoded = byMark(bytes) ?? strictUtf8(bytes) ?? byZeroBytes(bytes) ?? byStatistics(bytes);
  if (controlShare(decoded.text) > MOST_CONTROLS) {
    throw new FrostbyteError('FILE_CORRUPTED', 'The file holds binary data, not text.');
  }
  return decoded;
}

function byMark(bytes: Uint8Array): DecodedText | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xfe && c === 0 && d === 0 && bytes.length % 4 === 0) return withIconv(bytes, 'utf-32le');
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return withIconv(bytes, 'utf-32be');
  if (a === 0xef && b === 0xbb && c === 0xbf) return lenient(bytes, 'utf-8');
  if (a === 0xff && b === 0xfe) return lenient(bytes, 'utf-16le');
  if (a === 0xfe && b === 0xff) return lenient(bytes, 'utf-16be');
  return undefined;
}

function strictUtf8(bytes: Uint8Array): DecodedText | undefined {
  // UTF-16 of Latin text is valid UTF-8 too, full of NULs, which text has none of.
  if (bytes.subarray(0, SAMPLE).includes(0)) return undefined;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), encoding: 'utf-8' };
  } catch {
    return undefined;
  }
}

/** UTF-16 without a mark: Latin letters, digits and spaces have their zero byte always on the same side. */
function byZeroBytes(bytes: Uint8Array): DecodedText | undefined {
  const sample = bytes.subarray(0, SAMPLE & ~1);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) i % 2 === 0 ? even++ : odd++;
  const units = sample.length / 2;
  const [more, less] = even > odd ? [even, odd] : [odd, even];
  if (more < units * 0.02 || more < less * 10) return undefined;
  const decoded = lenient(bytes, odd > even ? 'utf-16le' : 'utf-16be');
  return decoded.text.includes('\uFFFD') ? undefined : decoded;
}

/** The web's reading of encodings that are commonly named wrongly: the superset. */
const SUPERSETS: Readonly<Record<string, string>> = Object.freeze({
  __proto__: null as never,
  'iso-8859-1': 'windows-1252',
  ascii: 'windows-1252',
  'iso-8859-9': 'windows-1254',
  gb2312: 'gb18030',
  'euc-kr': 'cp949',
});
const FALLBACK = 'windows-1252';
/** Guesses below this confidence (of 100) are hardly more than chance. */
const WEAK = 30;
/** Unicode is decided before statistics are asked. */
const DECIDED_ABOVE = /^utf-/;

function byStatistics(bytes: Uint8Array): DecodedText {
  const sample = bytes.subarray(0, SAMPLE);
  const guesses = chardet.analyse(sample);
  if ((guesses[0]?.confidence ?? 0) < WEAK) {
    const encoding = eastAsianEncoding(sample);
    if (encoding !== undefined) return withIconv(bytes, encoding);
    const western = withIconv(bytes, FALLBACK);
    if (looksWestern(western.text.slice(0, SAMPLE))) return western;
  }
  for (const { name } of guesses) {
    const encoding = SUPERSETS[name.toLowerCase()] ?? name.toLowerCase();
    if (DECIDED_ABOVE.test(encoding) || !iconv.encodingExists(encoding)) continue;
    const decoded = withIconv(bytes, encoding);
    if (!decoded.text.includes('\uFFFD')) return decoded;
  }
  return withIconv(bytes, FALLBACK);
}

/** A few accented letters and the usual signs among plain ones: what too short a Western text has too little of. */
function looksWestern(text: string): boolean {
  const letters = text.match(/[A-Za-z]/g)?.length ?? 0;
  const beyond = text.match(/[^\u0000-\u007f]/g) ?? [];
  return (
    beyond.length < letters * 0.5 && beyond.every((sign) => /[À-ÖØ-öø-ÿŒœ€£§°©®«»“”„‘’–—…•·½¼¾²³\u00a0]/.test(sign))
  );
}

function withIconv(bytes: Uint8Array, encoding: string): DecodedText {
  return { text: iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), encoding), encoding };
}

function lenient(bytes: Uint8Array, encoding: 'utf-8' | 'utf-16le' | 'utf-16be'): DecodedText {
  return { text: new TextDecoder(encoding).decode(bytes), encoding };
}

function controlShare(text: string): number {
  const length = Math.min(text.length, SAMPLE);
  let controls = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 && !(unit >= 0x09 && unit <= 0x0d) && unit !== 0x1b) controls++;
  }
  return length === 0 ? 0 : controls / length;
}
