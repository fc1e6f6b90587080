import type { PageDrawer } from '../picture/drawn-page.ts';
import { openDocument } from './open-document.ts';
import { discardPdfium, loadPdfium } from './pdfium.ts';
import { frameOf } from './read-page.ts';
import { renderForView } from './render-page.ts';

/** A page of a PDF as a reader sees it, upright, in colour. Throws as `readPdf`. */
export const drawPdfPage: PageDrawer = async (bytes, { page: number, width }, { assets, limits }) => {
  const pdfium = await loadPdfium(assets.pdfiumWasm);
  try {
    const document = openDocument(pdfium, bytes, limits.maxPages);
    try {
      if (number > document.pages) return null;
      const page = pdfium.FPDF_LoadPage(document.handle, number - 1);
      if (page === 0) return null;
      try {
        const { width: wide, height: high } = frameOf(pdfium, page);
        const picture = renderForView(pdfium, page, wide, high, width);
        if (picture === null) return null;
        const data = new Uint8Array(picture.width * picture.height * 3);
        for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
          data[to] = picture.data[from + 2]!;
          data[to + 1] = picture.data[from + 1]!;
          data[to + 2] = picture.data[from]!;
        }
        return {
          data,
          width: picture.width,
          height: picture.height,
          channels: 3,
          points: { width: wide, height: high },
        };
      } finally {
        pdfium.FPDF_ClosePage(page);
      }
    } finally {
      document.close();
    }
  } catch (cause) {
    discardPdfium(assets.pdfiumWasm);
    throw cause;
  }
};
