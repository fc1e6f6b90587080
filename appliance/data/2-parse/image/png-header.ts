import { unreadable } from './limits.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples per pixel by colour type: gray, -, colour, palette, gray and alpha, -, colour and alpha. */
const SAMPLES = [1, 0, 3, 1, 2, 0, 4] as const;

export interface PictureSize {
  width: number;
  height: number;
  bitsPerPixel: number;
}

/** True for a file that begins as a PNG does. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((value, index) => bytes[index] === value);
}

/** The size a PNG says it has, read from its first chunk. Throws `FILE_CORRUPTED` when that is not a proper IHDR. */
export function readPngSize(bytes: Uint8Array): PictureSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const proper = bytes.length >= 33 && view.getUint32(8) === 13 && view.getUint32(12) === 0x49484452;
  const samples = proper ? SAMPLES[view.getUint8(25)] : 0;
  if (!samples) throw unreadable('The PNG file has no valid header.');
  return { width: view.getUint32(16), height: view.getUint32(20), bitsPerPixel: view.getUint8(24) * samples };
}
