import type { LayoutBlock, TableBlock } from '../layout.ts';
import type { DroppedCounter } from '../ooxml/dropped.ts';
import { child, childElements, type XmlElement } from '../ooxml/tree.ts';
import { guessHeaderRows } from '../text/header-row.ts';
import { blockText } from './block-text.ts';
import { isOn, number } from './styles.ts';

interface Cell {
  row0: number;
  column0: number;
  row1: number;
  column1: number;
  blocks: LayoutBlock[];
}

/** Word's own limit; a `gridSpan` beyond it is an attack on memory. */
const MOST_COLUMNS = 63;

/** What a table needs of the walk around it. */
export interface TableContext {
  /** The blocks of a cell. */
  readCell(cell: XmlElement): LayoutBlock[];
  /** Takes text that Word does not draw. */
  hide(kind: string, text: string): void;
  dropped: DroppedCounter;
  /** Most places (rows × columns) of a grid. */
  maxCells: number;
}

/**
 * A Word table as a grid (ECMA-376 part 1, 17.4): `gridSpan` and `vMerge` become spans, nested tables are flattened into
 * their cell, deleted rows are left out, figures follow the table. A table of a single cell is a frame around its
 * content, which is given as it is; so are the cells of a table too large for a grid. O(cells + grid).
 */
export function readTable(table: XmlElement, context: TableContext): LayoutBlock[] {
  const { cells, rows, headerRows } = readCells(table, context);
  const columns = cells.reduce((most, cell) => Math.max(most, cell.column1), 0);
  if (cells.length <= 1 || rows * columns > context.maxCells) return cells.flatMap((cell) => cell.blocks);
  const figures = cells.flatMap((cell) => cell.blocks.filter((block) => block.kind === 'figure'));
  return [gridBlock(cells, rows, columns, headerRows), ...figures];
}

function readCells(table: XmlElement, context: TableContext): { cells: Cell[]; rows: number; headerRows: number } {
  const cells: Cell[] = [];
  /** The cell that a vertical merge continues, by column. */
  const above = new Map<number, Cell>();
  let headerRows = 0;
  let row = 0;
  for (const tr of unwrap(table, 'w:tr')) {
    const properties = child(tr, 'w:trPr');
    if (child(properties, 'w:del')) {
      context.dropped.add('deletion');
      continue;
    }
    const header = child(properties, 'w:tblHeader');
    if (header && isOn(header.attributes['w:val']) && headerRows === row) headerRows++;
    let column = Math.min(MOST_COLUMNS, number(child(properties, 'w:gridBefore')?.attributes['w:val']) ?? 0);
    for (const tc of unwrap(tr, 'w:tc')) {
      const cellProperties = child(tc, 'w:tcPr');
      const width = clampSpan(number(child(cellProperties, 'w:gridSpan')?.attributes['w:val']));
      const merge = child(cellProperties, 'w:vMerge');
      const upper = above.get(column);
      const blocks = context.readCell(tc);
      if (merge && merge.attributes['w:val'] !== 'restart' && upper && upper.row1 === row) {
        upper.row1 = row + 1;
        // Word draws nothing of what stands in a cell that continues another.
        const text = blocks.map(blockText).join('\n');
        if (text.trim() !== '') context.hide('merged_cell', text);
      } else {
        const cell = { row0: row, column0: column, row1: row + 1, column1: column + width, blocks };
        cells.push(cell);
        if (merge) above.set(column, cell);
        else above.delete(column);
      }
      column += width;
    }
    row++;
  }
  return { cells, rows: row, headerRows };
}

function gridBlock(cells: Cell[], rows: number, columns: number, marked: number): TableBlock {
  const grid = Array.from({ length: rows }, () => new Array<string>(columns).fill(''));
  const spans: NonNullable<TableBlock['spans']> = [];
  let merged = false;
  for (const { row0, column0, row1, column1, blocks } of cells) {
    const text = blocks
      .filter((block) => block.kind !== 'figure')
      .map(blockText)
      .join('\n');
    grid[row0]![column0] = text;
    spans.push([row0, column0, row1, column1, text]);
    merged ||= row1 - row0 > 1 || column1 - column0 > 1;
  }
  const headerRows = marked > 0 && marked < rows ? marked : guessHeaderRows(grid);
  return { kind: 'table', cells: grid, headerRows, ...(merged && { spans }) };
}

function clampSpan(span: number | undefined): number {
  return Math.min(MOST_COLUMNS, Math.max(1, span ?? 1));
}

const WRAPPERS: ReadonlySet<string> = new Set(['w:sdt', 'w:sdtContent', 'w:customXml', 'w:ins', 'w:moveTo']);

/** Rows or cells, also those wrapped in content controls and custom XML. */
function unwrap(element: XmlElement, name: string): XmlElement[] {
  return childElements(element).flatMap((item) => {
    if (item.name === name) return [item];
    return WRAPPERS.has(item.name) ? unwrap(item, name) : [];
  });
}
