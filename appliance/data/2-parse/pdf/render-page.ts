import type { OcrImage } from '../ocr/types.ts';
import type { Pdfium } from './pdfium.ts';

/** A page as coloured pixels, four bytes each (blue, green, red, unused), row by row without gaps. */
export interface PagePixels {
  data: Uint8Array;
  width: number;
  height: number;
  /** Pixels per point. */
  scale: number;
}

const GRAY = 1;
const BGRX = 3;
const WITH_ANNOTATIONS = 0x01;
const GRAYSCALE = 0x08;
const WHITE = 0xffffffff;
/** Most pixels of a picture for recognition: an A4 page at 300 dpi has 8.7 million. */
const MAX_OCR_PIXELS = 18_000_000;
const OCR_DPI = 300;
/** Damaged pages can take for ever; a page that people made takes well under a second. */
const MAX_RENDER_MS = 10_000;
const DONE = 2;
/** Points: the largest page of PDF is 14,400 wide; backgrounds are at times drawn far larger, but not like this. */
const MAX_COORDINATE = 100_000;
/** Text longer than this many times the page's width and height together is damage as well. */
const MAX_TEXT = 4;
const TEXT = 1;
const MAX_OBJECTS = 200_000;
const MAX_DEPTH = 12;
const FORM = 5;
const MAX_COMPARE_PIXELS = 4_000_000;

/** Renders an upright page in gray at 300 dpi, or less where the page is very large. Null when it cannot be rendered. */
export function renderForOcr(pdfium: Pdfium, page: number, width: number, height: number): OcrImage | null {
  const dpi = OCR_DPI * shrink(width, height, OCR_DPI / 72, MAX_OCR_PIXELS);
  const picture = render(pdfium, page, width, height, dpi / 72, GRAY);
  return picture === null ? null : { data: picture.data, width: picture.width, height: picture.height, dpi };
}

/** Renders an upright page in colour, two pixels a point at most. Null when it cannot be rendered. */
export function renderForCompare(pdfium: Pdfium, page: number, width: number, height: number): PagePixels | null {
  return render(pdfium, page, width, height, 2 * shrink(width, height, 2, MAX_COMPARE_PIXELS), BGRX);
}

/** Renders an upright page in colour, so many pixels wide, or less where it is very high. Null when it cannot be rendered. */
export function renderForView(
  pdfium: Pdfium,
  page: number,
  width: number,
  height: number,
  pixels: number,
): PagePixels | null {
  const scale = pixels / Math.max(1, width);
  return render(pdfium, page, width, height, scale * shrink(width, height, scale, MAX_COMPARE_PIXELS), BGRX);
}

/** Factor ≤ 1 that keeps a page of `width` × `height` points at `scale` within `limit` pixels. */
function shrink(width: number, height: number, scale: number, limit: number): number {
  return Math.min(1, Math.sqrt(limit / Math.max(1, width * scale * height * scale)));
}

function render(
  pdfium: Pdfium,
  page: number,
  width: number,
  height: number,
  scale: number,
  format: number,
): PagePixels | null {
  const wide = Math.max(1, Math.round(width * scale));
  const high = Math.max(1, Math.round(height * scale));
  const bitmap = pdfium.FPDFBitmap_CreateEx(wide, high, format, 0, 0);
  if (bitmap === 0) return null;
  try {
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, wide, high, WHITE);
    const flags = WITH_ANNOTATIONS | (format === GRAY ? GRAYSCALE : 0);
    let left = MAX_OBJECTS;
    const objects = pdfium.FPDFPage_CountObjects(page);
    for (let i = 0; i < objects && left > 0; i++) {
      left = silenceAbsurd(pdfium, pdfium.FPDFPage_GetObject(page, i), MAX_TEXT * (width + height), left, 0);
    }
    const pause = pdfium.pauseAfter(MAX_RENDER_MS);
    const state = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, wide, high, 0, flags, pause);
    pdfium.FPDF_RenderPage_Close(page);
    if (state !== DONE) return null;
    const row = wide * (format === GRAY ? 1 : 4);
    const stride = pdfium.FPDFBitmap_GetStride(bitmap);
    const buffer = pdfium.FPDFBitmap_GetBuffer(bitmap);
    const memory = pdfium.bytes();
    const data = new Uint8Array(row * high);
    for (let y = 0; y < high; y++) {
      data.set(memory.subarray(buffer + y * stride, buffer + y * stride + row), y * row);
    }
    return { data, width: wide, height: high, scale };
  } finally {
    pdfium.FPDFBitmap_Destroy(bitmap);
  }
}

/**
 * Switches off objects with coordinates that no page has (damaged or hostile files): drawing them takes minutes, and
 * the pause between objects does not end one that does. Returns how many more objects may be looked at.
 */
function silenceAbsurd(pdfium: Pdfium, object: number, longest: number, left: number, depth: number): number {
  const at = pdfium.scratch;
  let rest = left - 1;
  if (object === 0) return rest;
  if (pdfium.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12) !== 0) {
    const sane = [0, 4, 8, 12].every((offset) => Math.abs(pdfium.float(at + offset)) < MAX_COORDINATE);
    const wide = Math.abs(pdfium.float(at + 8) - pdfium.float(at));
    const high = Math.abs(pdfium.float(at + 12) - pdfium.float(at + 4));
    const endless = pdfium.FPDFPageObj_GetType(object) === TEXT && Math.max(wide, high) > longest;
    if (!sane || endless) pdfium.FPDFPageObj_SetIsActive(object, 0);
  }
  if (pdfium.FPDFPageObj_GetType(object) !== FORM || depth >= MAX_DEPTH) return rest;
  const count = pdfium.FPDFFormObj_CountObjects(object);
  for (let i = 0; i < count && rest > 0; i++) {
    rest = silenceAbsurd(pdfium, pdfium.FPDFFormObj_GetObject(object, i), longest, rest, depth + 1);
  }
  return rest;
}
