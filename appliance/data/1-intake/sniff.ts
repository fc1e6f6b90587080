import { fileTypeFromBuffer } from 'file-type';
import { MIME } from '../../api/tenant-config.ts';
import type { RemedyName } from '../../kernel/remedies.ts';

/** Bytes from the start of a file that tell its type. */
export const HEAD_BYTES = 16 << 10;

export const EMPTY = 'application/x-empty';
export const ZIP = 'application/zip';
export const UNKNOWN = 'application/octet-stream';
const CFB = 'application/x-cfb';
const HTML = 'text/html';
const SCRIPT = 'text/x-shellscript';

/** Beginnings that decide by themselves. */
const MAGIC: readonly (readonly [Buffer, string])[] = Object.freeze([
  [Buffer.from('%PDF-'), MIME.pdf],
  [Buffer.from('89504e470d0a1a0a', 'hex'), MIME.png],
  [Buffer.from('49492a00', 'hex'), MIME.tiff],
  [Buffer.from('4d4d002a', 'hex'), MIME.tiff],
  [Buffer.from('504b0304', 'hex'), ZIP],
  [Buffer.from('504b0506', 'hex'), ZIP],
  [Buffer.from('d0cf11e0a1b11ae1', 'hex'), CFB],
  [Buffer.from('7f454c46', 'hex'), 'application/x-elf'],
]);

/** What is text to the eye but another format to a program. */
const MARKUP: readonly (readonly [RegExp, string])[] = Object.freeze([
  [/^#!/, SCRIPT],
  [/^<!doctype\s+html|^<html[\s>]|^<(?:head|body|script|iframe)[\s>]/i, HTML],
  [/^<\?xml|^<svg[\s>]/i, 'application/xml'],
  [/^\{\\rtf/, 'application/rtf'],
  [/^%!PS/, 'application/postscript'],
  [/^MIME-Version:\s*1\.0\s|^Received: from /i, 'message/rfc822'],
]);

/** The media type that the first bytes of a file show; text of any kind is `text/plain`. O(head). */
export async function sniffHead(head: Buffer): Promise<string> {
  if (head.length === 0) return EMPTY;
  for (const [magic, mime] of MAGIC) if (head.subarray(0, magic.length).equals(magic)) return mime;
  // Before the library, which takes two letters for a bitmap or a program.
  if (looksLikeText(head)) {
    const start = head
      .subarray(0, 1024)
      .toString('utf8')
      .replace(/^\ufeff?\s*/, '');
    return MARKUP.find(([pattern]) => pattern.test(start))?.[1] ?? MIME.txt;
  }
  const named = await fileTypeFromBuffer(head).catch(() => undefined);
  if (named !== undefined) return named.mime;
  // Readers find the header within the first kilobyte.
  return head.subarray(0, 1024).includes('%PDF-') ? MIME.pdf : UNKNOWN;
}

/** The hint that fits content of a type that is not taken, whatever its name says. */
export function remedyForContent(sniffed: string): RemedyName {
  if (sniffed === EMPTY) return 'EMPTY';
  if (sniffed === CFB) return 'PROTECTED_OFFICE';
  if (sniffed === HTML) return 'WEB_PAGE';
  if (sniffed === 'message/rfc822') return 'EMAIL';
  if (sniffed === SCRIPT || /elf|msdownload|mach|executable|dosexec|x-msdos/.test(sniffed)) return 'EXECUTABLE';
  if (/zip|compressed|x-rar|x-7z|x-tar|gzip|bzip|x-xz|zstd|cab|iso9660/.test(sniffed)) return 'ARCHIVE';
  return 'CONTENT_MISMATCH';
}

/** UTF-16 with or without a mark, by its zero bytes: all on one side of the pairs. */
export function looksLikeUtf16(head: Buffer): boolean {
  if (head.length < 2) return false;
  const mark = head.readUInt16LE(0);
  if (mark === 0xfeff || mark === 0xfffe) return true;
  let even = 0;
  let odd = 0;
  for (let at = 0; at + 1 < head.length; at += 2) {
    if (head[at] === 0) even++;
    if (head[at + 1] === 0) odd++;
  }
  const pairs = head.length >> 1;
  return (even === 0 && odd > pairs * 0.4) || (odd === 0 && even > pairs * 0.4);
}

/** Hardly any control characters, in whatever encoding. */
function looksLikeText(head: Buffer): boolean {
  const wide = looksLikeUtf16(head);
  let control = 0;
  for (let at = 0; at < head.length; at++) {
    const byte = head[at]!;
    if (byte === 0) {
      if (!wide) return false;
    } else if (byte < 0x20 && !TEXT_CONTROL.has(byte)) control++;
  }
  return control <= head.length * (wide ? 0.1 : 0.01);
}

/** Tab, line ends, form feed, the end mark of DOS, escape. */
const TEXT_CONTROL: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1a, 0x1b]);
