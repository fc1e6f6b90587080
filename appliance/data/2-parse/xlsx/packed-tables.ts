import type { TableBlock } from '../layout.ts';
import { cellRange } from '../text/cell-range.ts';
import type { VisibleArea } from './visible-grid.ts';

/** A packed table may have this many times more places than cells, and a few besides. */
const MOST_WASTE = 4;
const SLACK = 64;

/**
 * A sparse island as tables whose rows hold their cells side by side, without the empty places between: a new table
 * begins where row lengths differ so much that padding would waste space. Grids have at most four places for each cell
 * (and 64 for each table). O(cells log cells).
 */
export function packedTables(sheet: string, areas: VisibleArea[]): TableBlock[] {
  const sorted = [...areas].sort((a, b) => a.row0 - b.row0 || a.column0 - b.column0);
  const rows: VisibleArea[][] = [];
  for (const area of sorted) {
    if (rows.at(-1)?.[0]?.row0 !== area.row0) rows.push([]);
    rows.at(-1)!.push(area);
  }
  const tables: TableBlock[] = [];
  let group: VisibleArea[][] = [];
  let width = 0;
  let cells = 0;
  for (const row of rows) {
    const widest = Math.max(width, row.length);
    if (group.length > 0 && (group.length + 1) * widest > (cells + row.length) * MOST_WASTE + SLACK) {
      tables.push(packedTable(sheet, group, width));
      group = [];
      width = 0;
      cells = 0;
    }
    group.push(row);
    width = Math.max(width, row.length);
    cells += row.length;
  }
  if (group.length > 0) tables.push(packedTable(sheet, group, width));
  return tables;
}

function packedTable(sheet: string, rows: VisibleArea[][], width: number): TableBlock {
  const cells = rows.map((row) => {
    const texts = row.map((area) => area.text);
    while (texts.length < width) texts.push('');
    return texts;
  });
  let left = Number.POSITIVE_INFINITY;
  let right = 0;
  for (const row of rows) {
    left = Math.min(left, row[0]!.source.column0);
    right = Math.max(right, row.at(-1)!.source.column1);
  }
  const range = cellRange(rows[0]![0]!.source.row0, left, rows.at(-1)![0]!.source.row0, right);
  return { kind: 'table', cells, headerRows: 0, path: { sheet, range } };
}
