import type { Box, DroppedContent, Path } from '../document.ts';

/**
 * The layout model: what a format reader (pdf, docx, xlsx, csv, txt, image) makes of a file, before structure is laid
 * over it. Blocks stand in reading order. One reader per folder; `structure/` turns any layout into pages, sections
 * and chunks, so a reader knows nothing of offsets, ids or limits.
 */
export interface Layout {
  pages: LayoutPage[];
  hidden: LayoutHidden[];
  dropped: DroppedContent[];
  /** Characters (UTF-16 units, white space not counted) that the source holds, for `coverage`. */
  sourceCharacters: number;
  /** Name and version of each library and rule set that had a say, e.g. `{ pdfium: '2.15.1' }`. */
  versions: Record<string, string>;
}

export interface LayoutPage {
  /** 1-based; formats without pages have one page, 1, of width and height 0. */
  page: number;
  /** PDF points. */
  width: number;
  height: number;
  ocr: boolean;
  /** Mean word confidence 0–1 where `ocr`, else null. */
  confidence: number | null;
  blocks: LayoutBlock[];
}

export interface LayoutHidden {
  page: number;
  /** e.g. `invisible_render_mode`, `white_on_white`, `tiny_text`, `off_page`, `vanish`, `hidden_sheet`, `unicode_tags`. */
  kind: string;
  boxes: Box[];
  text: string;
}

export type LayoutBlock = HeadingBlock | TextBlock | TableBlock | FigureBlock;

interface Placed {
  /** One box per line where the format has a geometry. */
  boxes?: Box[];
  path?: Path;
}

export interface HeadingBlock extends Placed {
  kind: 'heading';
  /** 1 is the highest. */
  level: number;
  text: string;
}

export interface TextBlock extends Placed {
  kind: 'paragraph' | 'list_item' | 'figure_caption';
  /** Re-flowed: line breaks of the page are gone, hyphenation is undone. */
  text: string;
}

export interface TableBlock extends Placed {
  kind: 'table';
  /** Row by row, all rows of equal length; a merged cell's text stands in its first place. */
  cells: string[][];
  /** Only with merged cells: [row0, column0, row1, column1, text], ends exclusive. */
  spans?: [number, number, number, number, string][];
  headerRows: number;
  title?: string;
}

export interface FigureBlock extends Placed {
  kind: 'figure';
  caption: string;
  box?: Box;
}

/** Limits that every reader obeys; a file that exceeds one fails with `FILE_CORRUPTED` or is dropped in part and says so. */
export interface ReadLimits {
  maxPages: number;
  maxTableCells: number;
  /** Sum of what archives unpack to, bytes. */
  maxUnpackedBytes: number;
  maxArchiveEntries: number;
  /** Unpacked ÷ packed, per entry, above which an archive is a bomb. */
  maxCompressionRatio: number;
  maxXmlDepth: number;
}

export interface ReadOptions {
  limits: ReadLimits;
  /** Folder with WebAssembly and language data (see `appliance/data/2-parse/assets.ts`). */
  assets: ParserAssets;
}

/** Where the parser's own binary parts lie on disk. */
export interface ParserAssets {
  pdfiumWasm: string;
  /** Folder with the tesseract core (`.js`/`.wasm`). */
  tesseractCore: string;
  /** Folder with `eng/4.0.0_best_int/eng.traineddata.gz` and the same for `osd`. */
  tesseractData: string;
}

/** A format reader. Throws FrostbyteError `FILE_CORRUPTED`, `FILE_ENCRYPTED`, `OCR_FAILED` or `UNSUPPORTED_FORMAT`. */
export type FormatReader = (bytes: Uint8Array, options: ReadOptions) => Promise<Layout>;
