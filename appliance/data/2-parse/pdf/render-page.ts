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
