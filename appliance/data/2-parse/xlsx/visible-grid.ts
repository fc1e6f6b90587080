import type { Area, Sheet, SheetCell } from './sheet.ts';

/** A cell or merged area in the coordinates that are left when hidden rows and columns are taken out. */
export interface VisibleArea extends Area {
  text: string;
  /** Where it stands in the sheet. */
  source: Area;
}

export interface SplitSheet {
  visible: VisibleArea[];
  hiddenRows: SheetCell[];
  hiddenColumns: SheetCell[];
}

/** Parts a sheet's cells into what a reader sees and what hidden rows and columns hold. O(n log n). */
export function splitHidden(sheet: Sheet): SplitSheet {
  const rows = ordinals([...sheet.hiddenRows].sort((a, b) => a - b).map((row) => [row, row]));
  const columns = ordinals(sheet.hiddenColumns);
  const merges = new Map(sheet.merges.map((area) => [`${area.row0},${area.column0}`, area]));
  const lastRow = sheet.cells.reduce((last, cell) => Math.max(last, cell.row), 0);
  const lastColumn = sheet.cells.reduce((last, cell) => Math.max(last, cell.column), 0);
  const result: SplitSheet = { visible: [], hiddenRows: [], hiddenColumns: [] };
  for (const cell of sheet.cells) {
    const merge = merges.get(`${cell.row},${cell.column}`);
    // A merge may reach far beyond everything that holds text: what is out there is no part of any table.
    const row1 = merge ? Math.min(merge.row1, Math.max(lastRow, cell.row)) : cell.row;
    const column1 = merge ? Math.min(merge.column1, Math.max(lastColumn, cell.column)) : cell.column;
    const seen = {
      row0: rows.seenBefore(cell.row),
      row1: rows.seenBefore(row1 + 1) - 1,
      column0: columns.seenBefore(cell.column),
      column1: columns.seenBefore(column1 + 1) - 1,
    };
    if (seen.row1 < seen.row0) result.hiddenRows.push(cell);
    else if (seen.column1 < seen.column0) result.hiddenColumns.push(cell);
    else
      result.visible.push({
        ...seen,
        text: cell.text,
        source: { row0: cell.row, column0: cell.column, row1, column1 },
      });
  }
  return result;
}

/** Counts the visible positions before a position, given sorted inclusive hidden ranges (which may overlap). */
function ordinals(hidden: [number, number][]): { seenBefore(position: number): number } {
  const starts: number[] = [];
  const ends: number[] = [];
  /** Hidden positions in all ranges before this one. */
  const before: number[] = [];
  let total = 0;
  for (const [from, to] of hidden) {
    const last = ends.at(-1);
    if (last !== undefined && from <= last + 1) {
      if (to > last) {
        total += to - last;
        ends[ends.length - 1] = to;
      }
      continue;
    }
    starts.push(from);
    ends.push(to);
    before.push(total);
    total += to - from + 1;
  }
  return {
    seenBefore(position) {
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (starts[middle]! < position) low = middle + 1;
        else high = middle;
      }
      if (low === 0) return position;
      const at = low - 1;
      return position - before[at]! - (Math.min(ends[at]!, position - 1) - starts[at]! + 1);
    },
  };
}
