import { inflateSync } from 'node:zlib';
import type { OcrImage } from '../ocr/types.ts';
import { resolution } from './decode-picture.ts';
import { jpegOfStrip, jpegSize } from './jpeg-strip.ts';
import { fitsPage } from './limits.ts';
import type { TiffFile, TiffPage } from './tiff-pages.ts';
import { grayRow, knowsFormat, rowBytes, type SampleFormat } from './tiff-samples.ts';
import { type TiffTags, tiffTags } from './tiff-tags.ts';

const NONE = 1;
const JPEG = 7;
const DEFLATE: readonly number[] = [8, 32_946];
const PER_CENTIMETRE = 3;
/** Of ExtraSamples: cover that was not multiplied into the colours. */
const LOOSE_ALPHA = 2;

/** Decodes a small JPEG; null when it cannot. */
export type DecodeJpeg = (jpeg: Uint8Array) => OcrImage | null;

/** One strip or tile: where its packed bytes lie and which rectangle of the page it is. */
interface Segment {
  packed: Uint8Array;
  x: number;
  y: number;
}

interface Grid {
  /** Size of a whole strip or tile, pixels. */
  width: number;
  height: number;
  segments: Segment[];
}

/**
 * Decodes the pages that the WebAssembly core's TIFF library was built without: Deflate, JPEG, and uncompressed or
 * Deflate tiles. Undefined when the page is of no such kind (the core then reads it), null when it is and is broken.
 * What is unpacked is never more than the page's own size, which the caller has checked. O(pixels).
 */
export function decodeTiffRaster(
  bytes: Uint8Array,
  file: TiffFile,
  page: TiffPage,
  decodeJpeg: DecodeJpeg,
): OcrImage | null | undefined {
  const tags = tiffTags(bytes, file.littleEndian, page.offset);
  const compression = tags.one(259, NONE);
  const tiled = tags.all(322).length > 0;
  const packed = compression === JPEG || DEFLATE.includes(compression);
  if (!packed && !(tiled && compression === NONE)) return undefined;
  const grid = gridOf(bytes, tags, page, tiled);
  if (grid === null) return null;
  const data = new Uint8Array(page.width * page.height).fill(255);
  const whole =
    compression === JPEG ? pasteJpegs(grid, tags, page, data, decodeJpeg) : pasteRows(grid, tags, page, data, file);
  if (!whole) return null;
  const told = Math.max(tags.one(282, 0), tags.one(283, 0)) * (tags.one(296, 2) === PER_CENTIMETRE ? 2.54 : 1);
  return { data, width: page.width, height: page.height, dpi: resolution(told, page.width, page.height) };
}

function gridOf(bytes: Uint8Array, tags: TiffTags, page: TiffPage, tiled: boolean): Grid | null {
  const width = tiled ? tags.one(322, 0) : page.width;
  const height = tiled ? tags.one(323, 0) : Math.min(page.height, tags.one(278, page.height));
  if (!fitsPage(width, height, page.bitsPerPixel)) return null;
  const offsets = tags.all(tiled ? 324 : 273);
  const sizes = tags.all(tiled ? 325 : 279);
  const across = Math.ceil(page.width / width);
  const count = across * Math.ceil(page.height / height);
  // Planes one after the other have a segment each; they are not read.
  if (offsets.length !== count || sizes.length !== count) return null;
  const segments = offsets.map((offset, index): Segment => {
    const packed = bytes.subarray(offset, offset + sizes[index]!);
    return { packed, x: (index % across) * width, y: Math.floor(index / across) * height };
  });
  return { width, height, segments };
}

function pasteRows(grid: Grid, tags: TiffTags, page: TiffPage, data: Uint8Array, file: TiffFile): boolean {
  const bits = tags.all(258);
  const format: SampleFormat = {
    bitsPerSample: bits[0] ?? 1,
    samples: tags.one(277, 1),
    photometric: tags.one(262, -1),
    predictor: tags.one(317, 1),
    alpha: tags.one(338, 0) === LOOSE_ALPHA,
    palette: tags.all(320),
    littleEndian: file.littleEndian,
  };
  const plain =
    bits.every((value) => value === format.bitsPerSample) && tags.one(284, 1) === 1 && tags.one(266, 1) === 1;
  if (!plain || !knowsFormat(format)) return false;
  const stride = rowBytes(format, grid.width);
  const deflated = DEFLATE.includes(tags.one(259, NONE));
  for (const { packed, x, y } of grid.segments) {
    const rows = Math.min(grid.height, page.height - y);
    const columns = Math.min(grid.width, page.width - x);
    const unpacked = deflated ? inflate(packed, stride * grid.height) : Uint8Array.from(packed);
    if (unpacked === null || unpacked.length < stride * rows) return false;
    for (let row = 0; row < rows; row++) {
      const start = (y + row) * page.width + x;
      grayRow(
        format,
        unpacked.subarray(row * stride, (row + 1) * stride),
        grid.width,
        data.subarray(start, start + columns),
      );
    }
  }
  return true;
}

function inflate(packed: Uint8Array, most: number): Uint8Array | null {
  try {
    return inflateSync(packed, { maxOutputLength: most });
  } catch {
    return null;
  }
}

function pasteJpegs(grid: Grid, tags: TiffTags, page: TiffPage, data: Uint8Array, decode: DecodeJpeg): boolean {
  const tables = Uint8Array.from(tags.all(347));
  const photometric = tags.one(262, 6);
  // Gray, red-green-blue, YCbCr. Inks in a JPEG are stored one way or the other round and cannot be told apart.
  if (![1, 2, 6].includes(photometric)) return false;
  for (const { packed, x, y } of grid.segments) {
    const jpeg = jpegOfStrip(tables, packed, photometric === 2);
    const size = jpeg === null ? null : jpegSize(jpeg);
    const rows = Math.min(grid.height, page.height - y);
    const columns = Math.min(grid.width, page.width - x);
    // Asked before it is decoded: a strip may not be a bomb either.
    if (jpeg === null || size === null || size.width > grid.width + 16 || size.height > grid.height + 16) return false;
    const picture = decode(jpeg);
    if (picture === null || picture.width < columns || picture.height < rows) return false;
    for (let row = 0; row < rows; row++) {
      const from = row * picture.width;
      data.set(picture.data.subarray(from, from + columns), (y + row) * page.width + x);
    }
  }
  return true;
}
