import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Pix } from '../ocr/core-types.ts';
import type { OcrEngine } from '../ocr/engine.ts';
import type { OcrImage } from '../ocr/types.ts';

/** Scans that do not say their resolution are taken for a page this long, in inches. */
const ASSUMED_LONG_SIDE = 11;
const LEAST_DPI = 50;
const MOST_DPI = 2400;

/** A picture file that lies on the core's heap. */
export interface PictureFile {
  /** Overwrites bytes of the copy on the heap. */
  patch(offset: number, bytes: Uint8Array): void;
  /** The (first) page as 8-bit gray on white; null when it cannot be decoded. O(pixels). */
  decode(): OcrImage | null;
}

/**
 * Gives `use` a PNG or TIFF to decode with Leptonica inside the WebAssembly core: no native code sees the bytes. The
 * caller has checked the size of the picture before (`png-header.ts`, `tiff-pages.ts`).
 * Throws `FILE_CORRUPTED` when the file does not fit into the core's memory.
 */
export async function withPictureFile<T>(
  engine: OcrEngine,
  bytes: Uint8Array,
  use: (file: PictureFile) => Promise<T>,
): Promise<T> {
  const { core } = engine;
  const source = core._malloc(bytes.length);
  if (source === 0) throw new FrostbyteError('FILE_CORRUPTED', 'The picture file is too large to be decoded.');
  engine.heap().set(bytes, source);
  const result = await use({
    patch: (offset, patch) => engine.heap().set(patch, source + offset),
    decode: () => decode(engine, source, bytes.length),
  });
  // Not after an error: then the core may have trapped, is discarded whole, and another call would hide the cause.
  core._free(source);
  return result;
}

/** Decodes a whole small picture, such as one JPEG strip; null when it cannot be decoded. */
export function decodeBytes(engine: OcrEngine, bytes: Uint8Array): OcrImage | null {
  const source = engine.core._malloc(bytes.length);
  if (source === 0) return null;
  engine.heap().set(bytes, source);
  const image = decode(engine, source, bytes.length);
  engine.core._free(source);
  return image;
}

function decode(engine: OcrEngine, source: number, length: number): OcrImage | null {
  const pointer = engine.core._pixReadMem(source, length);
  if (pointer === 0) return null;
  try {
    return toGray(engine, engine.core.wrapPointer<Pix>(pointer, engine.core.Pix));
  } finally {
    destroyPix(engine, pointer);
  }
}

function destroyPix({ core }: OcrEngine, pointer: number): void {
  const holder = core._malloc(4);
  core.setValue(holder, pointer, 'i32');
  core._pixDestroy(holder);
  core._free(holder);
}

function toGray(engine: OcrEngine, pix: Pix): OcrImage | null {
  const width = pix.get_w();
  const height = pix.get_h();
  const depth = pix.get_d();
  const rowBytes = pix.get_wpl() * 4;
  const heap = engine.heap();
  const start = pix.get_data();
  const data = new Uint8Array(width * height);
  const row =
    depth === 32
      ? colourRow(pix.get_spp() === 4)
      : depth === 16
        ? deepRow
        : shallowRow(depth, grayTable(engine, pix, depth));
  if (row === null) return null;
  for (let y = 0; y < height; y++) {
    row(heap, start + y * rowBytes, data.subarray(y * width, (y + 1) * width));
  }
  return { data, width, height, dpi: resolution(Math.max(pix.get_xres(), pix.get_yres()), width, height) };
}

/** Writes one row of gray values. `at` is the address of the row; words are little-endian, pixels from the high end. */
type RowReader = (heap: Uint8Array, at: number, gray: Uint8Array) => void;

function colourRow(alpha: boolean): RowReader {
  return (heap, at, gray) => {
    for (let x = 0, p = at; x < gray.length; x++, p += 4) {
      const value = luminance(heap[p + 3]!, heap[p + 2]!, heap[p + 1]!);
      gray[x] = alpha ? onWhite(value, heap[p]!) : value;
    }
  };
}

const deepRow: RowReader = (heap, at, gray) => {
  // The high byte of each 16-bit sample.
  for (let x = 0; x < gray.length; x++) gray[x] = heap[at + ((2 * x) ^ 3)]!;
};

function shallowRow(depth: number, table: Uint8Array | null): RowReader | null {
  if (table === null) return null;
  const perByte = 8 / depth;
  const mask = (1 << depth) - 1;
  return (heap, at, gray) => {
    for (let x = 0; x < gray.length; x++) {
      const byte = heap[at + (Math.floor(x / perByte) ^ 3)]!;
      gray[x] = table[(byte >> (8 - depth * ((x % perByte) + 1))) & mask]!;
    }
  };
}

/** The gray value of each sample of 1, 2, 4 or 8 bits: from the palette, or linear. One-bit pictures are 1 = black. */
function grayTable(engine: OcrEngine, pix: Pix, depth: number): Uint8Array | null {
  if (![1, 2, 4, 8].includes(depth)) return null;
  const most = (1 << depth) - 1;
  const table = new Uint8Array(most + 1);
  const palette = pix.get_colormap();
  if (engine.core.getPointer(palette) === 0) {
    for (let i = 0; i <= most; i++) table[i] = depth === 1 ? (i === 0 ? 255 : 0) : Math.round((i * 255) / most);
    return table;
  }
  const heap = engine.heap();
  const entries = palette.get_array();
  for (let i = 0; i < Math.min(palette.get_n(), table.length); i++) {
    const p = entries + 4 * i;
    table[i] = onWhite(luminance(heap[p + 2]!, heap[p + 1]!, heap[p]!), heap[p + 3]!);
  }
  return table;
}

/** Rec. 601 in integers, so that every machine rounds alike. */
export function luminance(red: number, green: number, blue: number): number {
  return ((red * 299 + green * 587 + blue * 114 + 500) / 1000) | 0;
}

/** A gray value seen through `alpha` on white paper. */
export function onWhite(value: number, alpha: number): number {
  return ((value * alpha + 255 * (255 - alpha) + 127) / 255) | 0;
}

/** The resolution a picture tells when it is a sensible one, else a guess from its size. */
export function resolution(told: number, width: number, height: number): number {
  if (told >= LEAST_DPI && told <= MOST_DPI) return Math.round(told);
  const guessed = Math.round(Math.max(width, height) / ASSUMED_LONG_SIDE);
  return Math.min(600, Math.max(70, guessed));
}
