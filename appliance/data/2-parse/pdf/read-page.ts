import { readAnnotations } from './annotations.ts';
import { type SeparatedText, separateHidden } from './hidden-text.ts';
import { readCharacters } from './page-characters.ts';
import { type PageFrame, pageFrame } from './page-frame.ts';
import { type PageObjects, readObjects } from './page-objects.ts';
import type { PageContext, PageSource, ReadPage } from './page-types.ts';
import type { Pdfium } from './pdfium.ts';
import { layerPage, ocrPage, unreadablePicture } from './picture-page.ts';
import { withoutDoubles } from './pieces.ts';
import { renderForOcr } from './render-page.ts';
import { layerAgrees, natureOf } from './scanned-page.ts';
import { textPage } from './text-page.ts';

/**
 * Reads one page (0-based `index`): its characters with what is hidden set apart, tables and figures placed, or, where
 * the page is a picture, what recognition finds. A page that cannot be loaded is reported as dropped and empty.
 */
export async function readPage(context: PageContext, index: number): Promise<ReadPage> {
  const { pdfium, document } = context;
  let page = pdfium.FPDF_LoadPage(document, index);
  if (page === 0) return damagedPage(index + 1);
  const annotations = readAnnotations(pdfium, page, index + 1);
  if (annotations.visibleText && pdfium.FPDFPage_Flatten(page, 0) === 1) {
    // What form fields and text boxes show becomes page content, so that it is read, and judged, like all other text.
    pdfium.FPDF_ClosePage(page);
    page = pdfium.FPDF_LoadPage(document, index);
    if (page === 0) return damagedPage(index + 1);
  }
  try {
    const read = await readOpenPage(context, page, index + 1);
    return { ...read, dropped: [...annotations.dropped, ...read.dropped] };
  } finally {
    pdfium.FPDF_ClosePage(page);
  }
}

function damagedPage(number: number): ReadPage {
  return {
    lines: { page: number, width: 0, height: 0, lines: [] },
    frame: pageFrame(0, 0, 0, 0, 0),
    quarters: 0,
    hidden: [],
    dropped: [
      {
        element_type: 'page',
        page: number,
        reason: 'the page is damaged and could not be read',
        remediation: 'open the file in a PDF program, save it anew and send it again',
      },
    ],
    ocr: false,
    confidence: null,
    characters: 0,
    damaged: true,
  };
}

/** The upright frame of an open page. */
export function frameOf(pdfium: Pdfium, page: number): PageFrame {
  const at = pdfium.scratch;
  const rotation = pdfium.FPDFPage_GetRotation(page);
  if (pdfium.FPDF_GetPageBoundingBox(page, at) !== 0) {
    const frame = pageFrame(
      pdfium.float(at),
      pdfium.float(at + 12),
      pdfium.float(at + 8),
      pdfium.float(at + 4),
      rotation,
    );
    if (frame.width > 0 && frame.height > 0 && Number.isFinite(frame.width + frame.height)) return frame;
  }
  const turned = rotation % 2 === 1;
  const width = pdfium.FPDF_GetPageWidthF(page);
  const height = pdfium.FPDF_GetPageHeightF(page);
  return pageFrame(0, 0, turned ? height : width, turned ? width : height, rotation);
}

async function readOpenPage(context: PageContext, page: number, number: number): Promise<ReadPage> {
  const { pdfium, limits } = context;
  const frame = frameOf(pdfium, page);
  const objects = readObjects(pdfium, page, frame.matrix);
  const separated = readText(context, page, frame, objects);
  const source: PageSource = { number, frame, objects, separated, limits };
  const layer = separated.hidden.get('invisible_render_mode');
  const nature = natureOf(separated.visible.characters.length, layer?.characters.length ?? 0, objects, frame);
  if (nature === 'text') return textPage(source);

  const picture = renderForOcr(pdfium, page, frame.width, frame.height);
  if (picture === null) return unreadablePicture(source, nature === 'layer');
  const recognised = await context.recognise(picture);
  if (nature === 'layer' && layer && layerAgrees(layer, recognised)) return layerPage(source, layer, recognised);
  return ocrPage(source, nature === 'layer', recognised);
}

function readText(context: PageContext, page: number, frame: PageFrame, objects: PageObjects): SeparatedText {
  const { pdfium } = context;
  const text = pdfium.FPDFText_LoadPage(page);
  if (text === 0) return { visible: { characters: [], spaceBefore: [], cut: false }, hidden: new Map() };
  try {
    const all = readCharacters(pdfium, text, frame.matrix, context.fonts);
    const { visible, hidden } = separateHidden(pdfium, page, frame, all, objects);
    // Only now: of two copies in one place, the hidden one may come first.
    return { visible: withoutDoubles(visible), hidden };
  } finally {
    pdfium.FPDFText_ClosePage(text);
  }
}
