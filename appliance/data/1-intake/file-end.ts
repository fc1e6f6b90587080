import { MIME } from '../../api/tenant-config.ts';
import type { RemedyName } from '../../kernel/remedies.ts';
import { isWholeTiff } from './tiff-end.ts';

/**
 * What only the end of a file shows: that it is whole, and what an Office package holds. `TAIL_BYTES` are kept of every
 * file: room for the directory of an archive with some ten thousand entries, more than any document has.
 */
export const TAIL_BYTES = 1 << 20;

const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex');
const END_RECORD = Buffer.from('504b0506', 'hex');
const END_RECORD_64 = Buffer.from('504b0606', 'hex');
const ENTRY = 0x02014b50;

/** What the end of a file showed, in a few words: a batch keeps this of every file, and none of the bytes. */
export interface FileEnd {
  /** The end mark of a PDF, of a PNG. */
  pdf: boolean;
  png: boolean;
  /** All that a TIFF's directories name lies within the file. */
  tiff: boolean;
  /** What an archive's directory says it is. */
  package: 'none' | 'archive' | 'macros' | 'protected' | (typeof MAIN_FOLDERS)[number]['sniffed'];
}

/** Looks at the last `TAIL_BYTES` of a file, or all of a smaller one, whatever it is said to be. O(head + tail). */
export function lookAtEnd(file: { head: Buffer; tail: Buffer; size: number }): FileEnd {
  const { tail } = file;
  return {
    pdf: endsWithin(tail, Buffer.from('%%EOF'), 2048),
    png: endsWithin(tail, PNG_END, 4096),
    tiff: isWholeTiff(file),
    package: packageOf(tail),
  };
}

/** Null when the end fits `mime`; otherwise the remedy and the type that the content turned out to be. */
export function checkEnd(mime: string, end: FileEnd): { remedy: RemedyName; sniffed: string } | null {
  if (mime === MIME.pdf) return end.pdf ? null : { remedy: 'TRUNCATED', sniffed: mime };
  if (mime === MIME.png) return end.png ? null : { remedy: 'TRUNCATED', sniffed: mime };
  if (mime === MIME.tiff) return end.tiff ? null : { remedy: 'TRUNCATED', sniffed: mime };
  if (mime === MIME.docx || mime === MIME.xlsx) return checkPackage(mime, end.package);
  return null;
}

/** Rubbish behind the end mark is common (padding, a mail server's line ends); a missing mark is a cut. */
function endsWithin(tail: Buffer, mark: Buffer, bytes: number): boolean {
  let end = tail.length;
  while (end > 0 && (tail[end - 1] === 0 || tail[end - 1] === 0x0a || tail[end - 1] === 0x0d || tail[end - 1] === 0x20))
    end--;
  return tail.subarray(Math.max(0, end - bytes)).includes(mark);
}

function checkPackage(mime: string, found: FileEnd['package']): { remedy: RemedyName; sniffed: string } | null {
  switch (found) {
    case mime:
      return null;
    case 'none':
      return { remedy: 'TRUNCATED', sniffed: 'application/zip' };
    case 'archive':
      return { remedy: 'ARCHIVE', sniffed: 'application/zip' };
    case 'macros':
      return { remedy: 'MACROS', sniffed: 'application/vnd.ms-office.macroenabled' };
    case 'protected':
      return { remedy: 'PROTECTED_OFFICE', sniffed: 'application/zip' };
    default:
      return { remedy: found.includes('presentation') ? 'PRESENTATION' : 'CONTENT_MISMATCH', sniffed: found };
  }
}

/** What a package is, by the folder of its main part. */
const MAIN_FOLDERS = Object.freeze([
  { sniffed: MIME.docx, folder: 'word/' },
  { sniffed: MIME.xlsx, folder: 'xl/' },
  { sniffed: 'application/vnd.openxmlformats-officedocument.presentationml.presentation', folder: 'ppt/' },
  { sniffed: 'application/zip', folder: '' },
] as const);

function packageOf(tail: Buffer): FileEnd['package'] {
  const entries = packageEntries(tail);
  if (entries === null) return 'none';
  if (!entries.some(({ name }) => name === '[content_types].xml')) return 'archive';
  if (entries.some(({ name }) => /(?:^|\/)(?:vbaproject\.bin|vbadata\.xml|workbook\.bin)$/.test(name))) return 'macros';
  if (entries.some(({ encrypted }) => encrypted)) return 'protected';
  return MAIN_FOLDERS.find(({ folder }) => entries.some(({ name }) => name.startsWith(folder)))!.sniffed;
}

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
