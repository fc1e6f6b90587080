import type { Area, SheetCell } from './sheet.ts';

/** Steps spent on looking under merges; valid files need far fewer, since their merges do not overlap. */
const MOST_STEPS = 5_000_000;

/**
 * The cells that lie under a merged area without being its first: spreadsheets do not show them. `cells` are sorted by
 * row and column. O(rows under merges × log cells), bounded.
 */
export function coveredCells(cells: SheetCell[], merges: Area[]): Set<SheetCell> {
  const covered = new Set<SheetCell>();
  let steps = 0;
  for (const merge of merges) {
    let at = firstFrom(cells, merge.row0, merge.column0);
    while (at < cells.length && cells[at]!.row <= merge.row1) {
      if (++steps > MOST_STEPS) return covered;
      const cell = cells[at]!;
      if (cell.column < merge.column0) at = firstFrom(cells, cell.row, merge.column0);
      else if (cell.column > merge.column1) at = firstFrom(cells, cell.row + 1, merge.column0);
      else {
        if (cell.row !== merge.row0 || cell.column !== merge.column0) covered.add(cell);
        at++;
      }
    }
  }
  return covered;
}

/** Index of the first cell at or after a place. */
function firstFrom(cells: SheetCell[], row: number, column: number): number {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const cell = cells[middle]!;
    if (cell.row < row || (cell.row === row && cell.column < column)) low = middle + 1;
    else high = middle;
  }
  return low;
}
