import { FrostbyteError } from '../../../kernel/errors.ts';

/** Pixels of one page: A3 at 600 dpi, the largest scan an office machine makes, is 69.6 million. */
export const MAX_PIXELS = 72_000_000;
/** Tesseract keeps coordinates in 16 bits. */
const MAX_SIDE = 32_767;
/** Bytes that one decoded page may take before it becomes gray: 32 bits a pixel. */
const MAX_DECODED_BYTES = 4 * MAX_PIXELS;

/** True when a page of this size may be decoded; asked before a byte of it is unpacked. */
export function fitsPage(width: number, height: number, bitsPerPixel: number): boolean {
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) return false;
  return width * height <= MAX_PIXELS && (width * height * bitsPerPixel) / 8 <= MAX_DECODED_BYTES * 2;
}

/** `FILE_CORRUPTED` with a message that names no content. */
export function unreadable(message: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError('FILE_CORRUPTED', message, cause === undefined ? {} : { cause });
}
