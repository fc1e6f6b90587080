import { isFrostbyteError } from '../../../kernel/errors.ts';
import type { DroppedContent } from '../../document.ts';
import type { FormatReader, Layout, LayoutPage, ParserAssets } from '../layout.ts';
import { linesToBlocks } from '../lines/lines-to-blocks.ts';
import type { Furniture, LinesPage } from '../lines/types.ts';
import { discardEngine, loadEngine, type OcrEngine } from '../ocr/engine.ts';
import { LOW_CONFIDENCE, recogniseImage } from '../ocr/recognise.ts';
import type { OcrImage, OcrPage } from '../ocr/types.ts';
import { OCR_VERSIONS } from '../ocr/versions.ts';
import { countNonSpace } from '../text/count.ts';
import { decodeBytes, type PictureFile, withPictureFile } from './decode-picture.ts';
import { fitsPage, unreadable } from './limits.ts';
import { isPng, readPngSize } from './png-header.ts';
import { isTiff, onlyPage, readTiffPages } from './tiff-pages.ts';
import { decodeTiffRaster } from './tiff-raster.ts';

/** One page to decode: null when it is larger than we take. */
type DecodePage = (file: PictureFile, engine: OcrEngine) => OcrImage | null;

/**
 * Reads a PNG or a TIFF (page by page) by recognising its text (spec 2 B). Pages with doubtful text keep it and are
 * reported; pages of a TIFF that cannot be decoded are reported and stay empty, as long as one can be.
 * Throws `FILE_CORRUPTED` for a file that cannot be decoded or is larger than the limits, `OCR_FAILED` when the
 * recogniser breaks. Sizes are checked in the header, before anything is unpacked.
 */
export const readImage: FormatReader = async (bytes, { limits, assets }) => {
  const pages = planPages(bytes, limits.maxPages);
  const results: (OcrPage | null)[] = [];
  const dropped: DroppedContent[] = [];
  await decodeEach(bytes, pages, assets, async (image, page) => {
    const result = image === null ? null : await recogniseImage(image, assets);
    results.push(result);
    if (result === null) dropped.push(unreadablePage(page));
    else if (result.confidence < LOW_CONFIDENCE) dropped.push(doubtfulPage(page, result));
  });
  if (results.every((result) => result === null)) throw unreadable('No page of the picture can be decoded.');
  return toLayout(results, dropped);
};

/** One page (1-based) decoded; null where there is none, or it cannot be decoded. Throws as `readImage`. */
export async function decodeOne(
  bytes: Uint8Array,
  page: number,
  maxPages: number,
  assets: ParserAssets,
): Promise<OcrImage | null> {
  const plan = planPages(bytes, maxPages)[page - 1];
  if (plan === undefined) return null;
  let decoded: OcrImage | null = null;
  await decodeEach(bytes, [plan], assets, async (image) => {
    decoded = image;
  });
  return decoded;
}

function planPages(bytes: Uint8Array, maxPages: number): DecodePage[] {
  if (isPng(bytes)) {
    const { width, height, bitsPerPixel } = readPngSize(bytes);
    if (!fitsPage(width, height, bitsPerPixel)) throw unreadable('The picture has more pixels than a page may have.');
    return [(file) => file.decode()];
  }
  if (!isTiff(bytes)) throw unreadable('The file is neither a PNG nor a TIFF (BigTIFF is not read).');
  const tiff = readTiffPages(bytes, maxPages);
  return tiff.pages.map((page) => (file, engine) => {
    if (!fitsPage(page.width, page.height, page.bitsPerPixel)) return null;
    const own = decodeTiffRaster(bytes, tiff, page, (jpeg) => decodeBytes(engine, jpeg));
    if (own !== undefined) return own;
    for (const patch of onlyPage(tiff, page)) file.patch(patch.at, patch.bytes);
    return file.decode();
  });
}

async function decodeEach(
  bytes: Uint8Array,
  pages: DecodePage[],
  assets: ParserAssets,
  take: (image: OcrImage | null, page: number) => Promise<void>,
): Promise<void> {
  const engine = await loadEngine(assets);
  try {
    await withPictureFile(engine, bytes, async (file) => {
      for (const [index, decode] of pages.entries()) await take(decode(file, engine), index + 1);
    });
  } catch (cause) {
    if (isFrostbyteError(cause)) throw cause;
    // A trap inside the decoder: its memory cannot be trusted any longer.
    discardEngine(assets);
    throw unreadable('The picture cannot be decoded.', cause);
  }
}

function toLayout(results: (OcrPage | null)[], dropped: DroppedContent[]): Layout {
  const lined: LinesPage[] = results.map((result, index) => ({
    page: index + 1,
    width: result?.width ?? 0,
    height: result?.height ?? 0,
    lines: result?.lines.map(({ text, box }) => ({ text, box })) ?? [],
  }));
  const { pages, furniture } = linesToBlocks(lined);
  const characters = (lines: readonly { text: string }[]) =>
    lines.reduce((sum, { text }) => sum + countNonSpace(text), 0);
  const read = lined.reduce((sum, page) => sum + characters(page.lines), 0);
  return {
    pages: pages.map(({ page, blocks }, index): LayoutPage => {
      const result = results[index] ?? null;
      const { width, height } = lined[index]!;
      return { page, width, height, ocr: true, confidence: result?.confidence ?? 0, blocks };
    }),
    hidden: [],
    dropped: [...dropped, ...keptAside(furniture)],
    // Headers, footers and page numbers are kept out on purpose and do not count as missed.
    sourceCharacters: Math.max(0, read - characters(furniture)),
    versions: OCR_VERSIONS,
  };
}

/** Running headers and footers are reported once, on the first page that has one. */
function keptAside(furniture: readonly Furniture[]): DroppedContent[] {
  const [first] = furniture;
  if (first === undefined) return [];
  const pages = new Set(furniture.map((piece) => piece.page)).size;
  return [
    {
      element_type: 'page_furniture',
      page: first.page,
      reason: `Running headers, footers or page numbers of ${pages} ${pages === 1 ? 'page' : 'pages'} were kept out of the text.`,
      remediation: 'Nothing needs to be done.',
    },
  ];
}

function unreadablePage(page: number): DroppedContent {
  return {
    element_type: 'unreadable_page',
    page,
    reason: 'The page cannot be decoded or has more pixels than a page may have.',
    remediation: 'Scan or export this page again, at 300 dpi, and send the file again.',
  };
}

function doubtfulPage(page: number, result: OcrPage): DroppedContent {
  const words = result.lines.some((line) => line.words.length > 0);
  return {
    element_type: 'low_confidence_page',
    page,
    reason: words
      ? `The mean word confidence is ${result.confidence.toFixed(2)}, below ${LOW_CONFIDENCE.toFixed(2)}; the text is kept.`
      : 'No text was recognised on this page.',
    remediation: words
      ? 'Compare the page with its text; scan it again at 300 dpi or more, straight and with good contrast, if it matters.'
      : 'Nothing needs to be done if the page is blank or a picture; else scan it again at 300 dpi or more.',
  };
}
