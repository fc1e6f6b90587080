import type { Layout, LayoutBlock, ReadOptions, TableBlock } from '../../../../../appliance/data/2-parse/layout.ts';
import type { OcrImage, OcrPage } from '../../../../../appliance/data/2-parse/ocr/types.ts';
import { pdfReader } from '../../../../../appliance/data/2-parse/pdf/read-pdf.ts';
import { buildPdf, type Drawing, type PdfFile, type PdfPage } from '../../../../support/pdf-builder.ts';
import { readOptions } from '../../../../support/read-options.ts';

export const OPTIONS: ReadOptions = readOptions({ maxPages: 50, maxTableCells: 5000 });

/** A recogniser that answers with these lines, one below the other, and counts its calls. */
export function fakeOcr(
  texts: string[],
  confidence = 0.9,
): ((image: OcrImage) => Promise<OcrPage>) & { calls: OcrImage[] } {
  const calls: OcrImage[] = [];
  const recognise = async (image: OcrImage): Promise<OcrPage> => {
    calls.push(image);
    return {
      rotation: 0,
      confidence,
      width: (image.width * 72) / image.dpi,
      height: (image.height * 72) / image.dpi,
      lines: texts.map((text, i) => ({
        text,
        confidence,
        box: { x: 72, y: 80 + 16 * i, width: 6 * text.length, height: 12 },
        words: [],
      })),
    };
  };
  return Object.assign(recognise, { calls });
}

/** Reads a PDF that is built on the fly; recognition must not be called unless one is given. */
export async function read(
  file: PdfFile | PdfPage | Drawing[],
  ocr?: (image: OcrImage) => Promise<OcrPage>,
): Promise<Layout> {
  const whole: PdfFile = Array.isArray(file) ? { pages: [{ draw: file }] } : 'pages' in file ? file : { pages: [file] };
  const recognise =
    ocr ??
    (async () => {
      throw new Error('recognition was not expected');
    });
  return pdfReader(recognise)(buildPdf(whole), OPTIONS);
}

export function blocks(layout: Layout): LayoutBlock[] {
  return layout.pages.flatMap((page) => page.blocks);
}

/** Blocks as `kind: text`. */
export function outline(layout: Layout): string[] {
  return blocks(layout).map((block) => {
    if (block.kind === 'table') return `table ${block.cells.length}x${block.cells[0]?.length ?? 0}`;
    if (block.kind === 'figure') return `figure: ${block.caption}`;
    return `${block.kind}${block.kind === 'heading' ? ` ${block.level}` : ''}: ${block.text}`;
  });
}

export function tables(layout: Layout): TableBlock[] {
  return blocks(layout).filter((block) => block.kind === 'table');
}

/** Lines of text, one below the other. */
export function column(texts: string[], x: number, y: number, step = 14, size = 11): Drawing[] {
  return texts.map((text, i) => ({ text, x, y: y + i * step, size }));
}
