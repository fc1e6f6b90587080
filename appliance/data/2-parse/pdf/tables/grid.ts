import type { Box } from '../../../document.ts';
import type { TableBlock } from '../../layout.ts';
import { around, bottom, roundBox, sameRow } from '../../lines/boxes.ts';
import { cleanLine, joinLines } from '../../lines/join-text.ts';
import type { Piece } from '../pieces.ts';

/** One cell with what stands in it; ends exclusive. */
export interface GridCell {
  row0: number;
  column0: number;
  row1: number;
  column1: number;
  pieces: Piece[];
}

/** A table as it was found on the page. */
export interface FoundTable {
  box: Box;
  rows: number;
  columns: number;
  cells: GridCell[];
  headerRows: number;
}

const NO_WORDS: ReadonlySet<string> = new Set();

/** Text of a cell: its pieces row by row, re-flowed. */
export function cellText(pieces: readonly Piece[]): string {
  const sorted = [...pieces].sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  const lines: Piece[][] = [];
  for (const piece of sorted) {
    const line = lines.at(-1);
    if (line?.some((other) => sameRow(other.box, piece.box))) line.push(piece);
    else lines.push([piece]);
  }
  const texts = lines.map((line) => {
    const rtl = line.every((piece) => piece.rtl);
    line.sort((a, b) => (rtl ? b.box.x - a.box.x : a.box.x - b.box.x));
    return cleanLine(line.map((piece) => piece.text).join(' '));
  });
  return joinLines(texts, NO_WORDS);
}

/** The layout block of a found table: cells row by row, and the spans where cells are merged. */
export function tableBlock(table: FoundTable): TableBlock {
  const cells = Array.from({ length: table.rows }, () => new Array<string>(table.columns).fill(''));
  const spans: [number, number, number, number, string][] = [];
  let merged = false;
  for (const cell of table.cells) {
    const text = cellText(cell.pieces);
    const row = cells[cell.row0];
    if (row) row[cell.column0] = text;
    if (cell.row1 - cell.row0 > 1 || cell.column1 - cell.column0 > 1) merged = true;
    spans.push([cell.row0, cell.column0, cell.row1, cell.column1, text]);
  }
  const block: TableBlock = {
    kind: 'table',
    cells,
    headerRows: Math.min(table.headerRows, table.rows),
    boxes: rowBoxes(table),
  };
  if (merged) block.spans = spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return block;
}

/** One box per row, around its text. */
function rowBoxes(table: FoundTable): Box[] {
  const boxes: Box[] = [];
  for (let row = 0; row < table.rows; row++) {
    const pieces = table.cells.filter((cell) => cell.row0 === row).flatMap((cell) => cell.pieces);
    if (pieces.length > 0) boxes.push(roundBox(around(pieces.map((piece) => piece.box))));
  }
  return boxes;
}

/** True for what stands in the body of a table of figures: numbers, amounts, dates, dashes, marks. */
export function isNumeric(text: string): boolean {
  const bare = text.replace(/\s+/gu, '');
  if (bare === '') return false;
  if (/^[-\u2010-\u2015*.\u2026\u2020]+$|^\(?(?:N\/?A|X|NA|n\/?a)\)?$/u.test(bare)) return true;
  if (!/\p{N}/u.test(bare)) return false;
  return (bare.match(/\p{L}/gu)?.length ?? 0) <= 0.25 * bare.length;
}

/**
 * How many rows at the top are headers: those before the first row with a number outside the first column; at least
 * one where the table has more than one row and its first row has no number.
 */
export function headerRowsOf(cells: readonly string[][]): number {
  const isYear = (text: string): boolean => /^(?:19|20)\d\d$/.test(text.trim());
  const first = cells.findIndex((row) => row.slice(1).some((text) => isNumeric(text) && !isYear(text)));
  if (first > 0) return Math.min(first, 6);
  return first < 0 && cells.length > 1 ? 1 : 0;
}

/** Middle of a piece. */
export function middle(piece: Piece): { x: number; y: number } {
  return { x: piece.box.x + piece.box.width / 2, y: (piece.box.y + bottom(piece.box)) / 2 };
}
