import { MIME } from '../../api/tenant-config.ts';
import type { RemedyName } from './remedies.ts';

/**
 * What only the end of a file shows: that it is whole, and what an Office package holds. `TAIL_BYTES` are kept of every
 * file: room for the directory of an archive with some ten thousand entries, more than any document has.
 */
export const TAIL_BYTES = 1 << 20;

const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');
const END_RECORD = Buffer.from('504b0506', 'hex');
const END_RECORD_64 = Buffer.from('504b0606', 'hex');
const ENTRY = 0x02014b50;

/** Null when the end fits `mime`; otherwise the remedy and the type that the content turned out to be. */
export function checkEnd(mime: string, tail: Buffer): { remedy: RemedyName; sniffed: string } | null {
  if (mime === MIME.pdf)
    return endsWithin(tail, Buffer.from('%%EOF'), 2048) ? null : { remedy: 'TRUNCATED', sniffed: mime };
  if (mime === MIME.png) return endsWithin(tail, PNG_END, 4096) ? null : { remedy: 'TRUNCATED', sniffed: mime };
  if (mime === MIME.docx || mime === MIME.xlsx) return checkPackage(mime, tail);
  return null;
}

/** Rubbish behind the end mark is common (padding, a mail server's line ends); a missing mark is a cut. */
function endsWithin(tail: Buffer, mark: Buffer, bytes: number): boolean {
  let end = tail.length;
  while (end > 0 && (tail[end - 1] === 0 || tail[end - 1] === 0x0a || tail[end - 1] === 0x0d || tail[end - 1] === 0x20))
    end--;
  return tail.subarray(Math.max(0, end - bytes)).includes(mark);
}

function checkPackage(mime: string, tail: Buffer): { remedy: RemedyName; sniffed: string } | null {
  const entries = packageEntries(tail);
  if (entries === null) return { remedy: 'TRUNCATED', sniffed: 'application/zip' };
  const has = (start: string) => entries.some(({ name }) => name.startsWith(start));
  if (!entries.some(({ name }) => name === '[content_types].xml'))
    return { remedy: 'ARCHIVE', sniffed: 'application/zip' };
  if (entries.some(({ name }) => /(?:^|\/)(?:vbaproject\.bin|vbadata\.xml|workbook\.bin)$/.test(name))) {
    return { remedy: 'MACROS', sniffed: 'application/vnd.ms-office.macroenabled' };
  }
  if (entries.some(({ encrypted }) => encrypted)) return { remedy: 'PROTECTED_OFFICE', sniffed: 'application/zip' };
  const [sniffed] = Object.entries(MAIN_FOLDER).find(([, folder]) => has(folder)) ?? ['application/zip'];
  if (sniffed === mime) return null;
  return { remedy: sniffed.includes('presentation') ? 'PRESENTATION' : 'CONTENT_MISMATCH', sniffed };
}

const MAIN_FOLDER: Readonly<Record<string, string>> = Object.freeze({
  [MIME.docx]: 'word/',
  [MIME.xlsx]: 'xl/',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'ppt/',
});

/** Names (lower case, since Office ignores case) in a zip's directory, or null when it is not whole within the tail. */
function packageEntries(tail: Buffer): { name: string; encrypted: boolean }[] | null {
  const record = endRecord(tail);
  if (record === null) return null;
  const entries: { name: string; encrypted: boolean }[] = [];
  let at = record.at - record.bytes;
  if (at < 0) return null;
  while (at < record.at) {
    if (at + 46 > record.at || tail.readUInt32LE(at) !== ENTRY) return null;
    const name = tail.readUInt16LE(at + 28);
    const rest = tail.readUInt16LE(at + 30) + tail.readUInt16LE(at + 32);
    entries.push({
      name: tail
        .subarray(at + 46, at + 46 + name)
        .toString('utf8')
        .replaceAll('\\', '/')
        .toLowerCase(),
      encrypted: (tail.readUInt16LE(at + 8) & 1) === 1,
    });
    at += 46 + name + rest;
  }
  return entries.length > 0 ? entries : null;
}

/** Where the directory ends and how long it is. */
function endRecord(tail: Buffer): { at: number; bytes: number } | null {
  // The record closes the file, behind it only a comment whose length it names.
  for (let at = tail.lastIndexOf(END_RECORD); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(END_RECORD, at - 1)) {
    if (tail.length - at > 22 + 0xffff) return null;
    if (at + 22 > tail.length || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const bytes = tail.readUInt32LE(at + 12);
    if (bytes !== 0xffffffff && tail.readUInt16LE(at + 10) !== 0xffff) return { at, bytes };
    const wide = tail.lastIndexOf(END_RECORD_64, at);
    if (wide < 0 || wide + 56 > at) return null;
    return { at: wide, bytes: Number(tail.readBigUInt64LE(wide + 40)) };
  }
  return null;
}
