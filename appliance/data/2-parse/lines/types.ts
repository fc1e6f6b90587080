import type { Box } from '../../document.ts';
import type { LayoutBlock } from '../layout.ts';

/**
 * Lines to blocks: what every reader with a geometry (PDF text, OCR) shares. Hand `linesToBlocks` the lines of all
 * pages, in any order, and get blocks in reading order.
 *
 *     const { pages, furniture } = linesToBlocks([{ page: 1, width: 595, height: 842, lines }]);
 */

/**
 * One line of text, or a piece of one (pieces that stand beside each other in one column are joined again).
 * `text` is as printed: hyphens at the end stay, they are undone when lines become paragraphs.
 */
export interface TextLine {
  text: string;
  /** PDF points from the top left of the upright page. */
  box: Box;
  /** Points. Leave it out when unknown (OCR): the box's height is then used, with more tolerance. */
  fontSize?: number;
  bold?: boolean;
  italic?: boolean;
  /** The line reads from right to left. */
  rtl?: boolean;
  /** The line does not stand upright: it is put after all upright text. */
  rotated?: boolean;
}

/** A block that is made already (table, figure) and only needs its place in the reading order. */
export interface PlacedBlock {
  box: Box;
  block: LayoutBlock;
}

export interface LinesPage {
  /** 1-based. */
  page: number;
  width: number;
  height: number;
  lines: readonly TextLine[];
  placed?: readonly PlacedBlock[];
}

/** A running header, footer or page number that was kept out of the blocks. */
export interface Furniture {
  page: number;
  text: string;
  box: Box;
}

export interface LinesResult {
  /** Same order and numbers as the pages that came in. */
  pages: { page: number; blocks: LayoutBlock[] }[];
  furniture: Furniture[];
}

/** Lines of one row of one column, left to right (or right to left), as one. */
export interface Row {
  text: string;
  box: Box;
  /** Font size, or an estimate from the height. */
  size: number;
  /** False where `size` is only an estimate. */
  sized: boolean;
  bold: boolean;
  italic: boolean;
  rtl: boolean;
}
