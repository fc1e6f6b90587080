import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { Box, DroppedContent } from '../../document.ts';
import type { FormatReader, Layout, LayoutBlock, LayoutPage, ParserAssets, ReadOptions } from '../layout.ts';
import { roundBox } from '../lines/boxes.ts';
import { linesToBlocks } from '../lines/lines-to-blocks.ts';
import type { Furniture } from '../lines/types.ts';
import type { OcrImage, OcrPage } from '../ocr/types.ts';
import { readDocumentExtras } from './annotations.ts';
import { captionFigures } from './figures.ts';
import { openDocument } from './open-document.ts';
import { type PageFrame, turnBack } from './page-frame.ts';
import type { ReadPage } from './page-types.ts';
import { discardPdfium, loadPdfium, PDF_VERSIONS } from './pdfium.ts';
import { readPage } from './read-page.ts';

/** The recogniser as this reader needs it; `assets` says where its parts lie. */
export type RecogniseImage = (image: OcrImage, assets: ParserAssets) => Promise<OcrPage>;

/** Loaded only when a page needs it: most PDFs have a text layer. */
const recogniseLazily: RecogniseImage = async (image, assets) => {
  const { recogniseImage } = await import('../ocr/recognise.ts');
  return recogniseImage(image, assets);
};

/**
 * A PDF reader with the given recogniser. See `readPdf`.
 */
export function pdfReader(recognise: RecogniseImage): FormatReader {
  return async (bytes, options) => {
    const pdfium = await loadPdfium(options.assets.pdfiumWasm);
    try {
      const document = openDocument(pdfium, bytes, options.limits.maxPages);
      try {
        const context = {
          pdfium,
          document: document.handle,
          fonts: new Map(),
          limits: options.limits,
          recognise: (image: OcrImage) => recognise(image, options.assets),
        };
        const pages: ReadPage[] = [];
        for (let index = 0; index < document.pages; index++) pages.push(await readPage(context, index));
        if (pages.every((page) => page.damaged)) {
          throw new FrostbyteError('FILE_CORRUPTED', 'no page of the PDF can be read: the file is damaged');
        }
        return assemble(pages, readDocumentExtras(pdfium, document.handle));
      } finally {
        document.close();
      }
    } catch (cause) {
      throw translate(cause, options);
    }
  };
}

/**
 * Reads a PDF (spec 2 B): text in reading order with headings, paragraphs, lists, tables, figures and boxes; hidden
 * text set apart; running headers and footers, links, scripts and attachments reported as dropped; pages that are
 * pictures recognised. Throws `FILE_ENCRYPTED`, `FILE_CORRUPTED` (also for more than `limits.maxPages`), `OCR_FAILED`.
 * The document is held in memory once more inside the library; pages are read one after the other.
 */
export const readPdf: FormatReader = pdfReader(recogniseLazily);

/** A trap inside the library means a file it cannot stand; its memory cannot be trusted afterwards. */
function translate(cause: unknown, options: ReadOptions): unknown {
  if (isFrostbyteError(cause)) return cause;
  discardPdfium(options.assets.pdfiumWasm);
  const trapped = cause instanceof Error && cause.name === 'RuntimeError';
  return trapped
    ? new FrostbyteError('FILE_CORRUPTED', 'the PDF is damaged in a way that stopped the PDF library', { cause })
    : new FrostbyteError('PARSER_ERROR', 'the PDF reader failed on this file', { cause });
}

function assemble(pages: readonly ReadPage[], extras: readonly DroppedContent[]): Layout {
  const { pages: built, furniture } = linesToBlocks(pages.map((page) => page.lines));
  const layoutPages = pages.map((page, index): LayoutPage => {
    const blocks = captionFigures(built[index]?.blocks ?? []);
    return {
      page: page.lines.page,
      width: round(page.frame.width),
      height: round(page.frame.height),
      ocr: page.ocr,
      confidence: page.confidence,
      blocks: page.quarters === 0 ? blocks : blocks.map((block) => turnBlock(block, page.frame, page.quarters)),
    };
  });
  const kept = furniture.reduce((sum, piece) => sum + piece.text.replace(/\s/gu, '').length, 0);
  const characters = pages.reduce((sum, page) => sum + page.characters, 0);
  return {
    pages: layoutPages,
    hidden: pages.flatMap((page) => page.hidden),
    dropped: [...extras, ...pages.flatMap((page) => page.dropped), ...reportFurniture(furniture)],
    sourceCharacters: Math.max(0, characters - kept),
    versions: { ...PDF_VERSIONS },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Running headers and footers are reported once, on the first page that has one. */
function reportFurniture(furniture: readonly Furniture[]): DroppedContent[] {
  const first = furniture[0];
  if (!first) return [];
  const pages = new Set(furniture.map((piece) => piece.page)).size;
  return [
    {
      element_type: 'page_furniture',
      page: first.page,
      reason: `running headers, footers or page numbers on ${pages} ${pages === 1 ? 'page' : 'pages'} were kept out of the text`,
      remediation: 'none needed',
    },
  ];
}

function turnBlock(block: LayoutBlock, page: PageFrame, quarters: number): LayoutBlock {
  const turn = (box: Box): Box => roundBox(turnBack(box, page, quarters));
  const turned = block.boxes ? { ...block, boxes: block.boxes.map(turn) } : { ...block };
  return turned.kind === 'figure' && turned.box ? { ...turned, box: turn(turned.box) } : turned;
}
