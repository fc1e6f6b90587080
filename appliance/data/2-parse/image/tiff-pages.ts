import { unreadable } from './limits.ts';
import type { PictureSize } from './png-header.ts';

/** Tags we look at; the decoder reads the rest. */
const NEW_SUBFILE_TYPE = 254;
const IMAGE_WIDTH = 256;
const IMAGE_LENGTH = 257;
const BITS_PER_SAMPLE = 258;
const SAMPLES_PER_PIXEL = 277;
/** Bits of NewSubfileType: a thumbnail of another page, a transparency mask. Neither is a page. */
const NOT_A_PAGE = 0b101;
const SHORT = 3;

/** One page of a TIFF. */
export interface TiffPage extends PictureSize {
  /** Where its directory lies. */
  offset: number;
  /** Where its directory names the next one. */
  nextAt: number;
}

export interface TiffFile {
  /** True when the file's numbers begin with their low byte. */
  littleEndian: boolean;
  pages: TiffPage[];
}

/** True for a file that begins as a TIFF does. */
export function isTiff(bytes: Uint8Array): boolean {
  const mark = String.fromCharCode(...bytes.subarray(0, 4));
  return mark === 'II*\0' || mark === 'MM\0*';
}

/**
 * Walks the directories of a TIFF, without decoding anything. Every offset is hostile: a chain that leaves the file,
 * returns to itself or is longer than `maxPages` is `FILE_CORRUPTED`. O(directories).
 */
export function readTiffPages(bytes: Uint8Array, maxPages: number): TiffFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = bytes[0] === 0x49;
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  const broken = () => unreadable('The TIFF file has a broken page directory.');
  if (bytes.length < 8) throw broken();
  let offset = view.getUint32(4, littleEndian);
  while (offset !== 0) {
    if (seen.has(offset) || offset + 2 > bytes.length) throw broken();
    // Thumbnails count too, so that a long chain of them costs no more than a long chain of pages.
    if (seen.size >= 2 * maxPages) throw tooMany(maxPages);
    seen.add(offset);
    const count = view.getUint16(offset, littleEndian);
    const nextAt = offset + 2 + 12 * count;
    if (count === 0 || nextAt + 4 > bytes.length) throw broken();
    const page = readDirectory(view, littleEndian, offset, count);
    if (page !== null) pages.push({ ...page, offset, nextAt });
    if (pages.length > maxPages) throw tooMany(maxPages);
    offset = view.getUint32(nextAt, littleEndian);
  }
  if (pages.length === 0) throw broken();
  return { littleEndian, pages };
}

/**
 * What to write over the file so that `page` is its only page: its directory's offset into the header (at 4), and no
 * directory after it (at `page.nextAt`).
 */
export function onlyPage(file: TiffFile, page: TiffPage): { at: number; bytes: Uint8Array }[] {
  const head = new DataView(new ArrayBuffer(4));
  head.setUint32(0, page.offset, file.littleEndian);
  return [
    { at: 4, bytes: new Uint8Array(head.buffer) },
    { at: page.nextAt, bytes: new Uint8Array(4) },
  ];
}

function tooMany(maxPages: number) {
  return unreadable(`The TIFF file has more than ${maxPages} pages.`);
}

function readDirectory(view: DataView, littleEndian: boolean, offset: number, count: number): PictureSize | null {
  const tags = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = offset + 2 + 12 * i;
    const tag = view.getUint16(at, littleEndian);
    if (!tags.has(tag)) tags.set(tag, firstValue(view, littleEndian, at));
  }
  if (((tags.get(NEW_SUBFILE_TYPE) ?? 0) & NOT_A_PAGE) !== 0) return null;
  const bits = (tags.get(BITS_PER_SAMPLE) ?? 1) * (tags.get(SAMPLES_PER_PIXEL) ?? 1);
  return { width: tags.get(IMAGE_WIDTH) ?? 0, height: tags.get(IMAGE_LENGTH) ?? 0, bitsPerPixel: bits };
}

/** The first number of a tag: in place when all of them fit into four bytes, else behind an offset (0 outside). */
function firstValue(view: DataView, littleEndian: boolean, at: number): number {
  const short = view.getUint16(at + 2, littleEndian) === SHORT;
  const size = (short ? 2 : 4) * view.getUint32(at + 4, littleEndian);
  const place = size <= 4 ? at + 8 : view.getUint32(at + 8, littleEndian);
  if (place + 4 > view.byteLength) return 0;
  return short ? view.getUint16(place, littleEndian) : view.getUint32(place, littleEndian);
}
