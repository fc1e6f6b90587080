import type { TableBlock } from '../layout.ts';
import { cleanLine } from './clean-text.ts';
import type { Range } from './split-text.ts';

/** A table whose cells are clean single lines, with its text and the place of each row in that text. */
export interface CleanTable {
  cells: string[][];
  columns: number;
  spans: [number, number, number, number, string][] | undefined;
  headerRows: number;
  /** One line for each column: what heads it, top to bottom, merged headers repeated over all columns they cover. */
  header: string[] | undefined;
  title: string | undefined;
  /** Rows joined by a line break, cells by " | ", empty rows left out. */
  text: string;
  /** The rows that have text, with their ranges in `text`. */
  rows: (Range & { row: number })[];
}

/** Cleans a layout's table and writes its text (spec 2 B). Rows are padded to equal length. O(cells + text). */
export function cleanTable(block: TableBlock): CleanTable {
  const columns = block.cells.reduce((most, row) => Math.max(most, row.length), 0);
  const cells = block.cells.map((row) => {
    const clean = row.map(cleanLine);
    while (clean.length < columns) clean.push('');
    return clean;
  });
  const headerRows = Math.min(cells.length, Math.max(0, Math.trunc(block.headerRows) || 0));
  const spans = block.spans?.map(
    ([row0, column0, row1, column1, text]) =>
      [row0, column0, row1, column1, cleanLine(text)] as [number, number, number, number, string],
  );
  const rows: CleanTable['rows'] = [];
  const lines: string[] = [];
  let length = 0;
  cells.forEach((row, index) => {
    if (row.every((cell) => cell === '')) return;
    const line = row.join(' | ').trim();
    if (lines.length > 0) length += 1;
    rows.push({ row: index, start: length, end: length + line.length });
    lines.push(line);
    length += line.length;
  });
  const title = block.title === undefined ? undefined : cleanLine(block.title) || undefined;
  const header = headerRows > 0 ? columnHeads(cells.slice(0, headerRows), spans, columns) : undefined;
  return { cells, columns, spans, headerRows, header, title, text: lines.join('\n'), rows };
}

function columnHeads(headerCells: string[][], spans: CleanTable['spans'], columns: number): string[] {
  const filled = headerCells.map((row) => [...row]);
  for (const [row0, column0, row1, column1, text] of spans ?? []) {
    const lastRow = Math.min(row1, filled.length);
    // Only the first row of a merged header is repeated sideways: the rows below would say the same twice.
    if (row0 < 0 || row0 >= lastRow) continue;
    for (let column = Math.max(0, column0); column < Math.min(column1, columns); column++) {
      if (filled[row0]![column] === '') filled[row0]![column] = text;
    }
  }
  return Array.from({ length: columns }, (_, column) =>
    filled
      .map((row) => row[column]!)
      .filter((text) => text !== '')
      .join(' '),
  );
}
