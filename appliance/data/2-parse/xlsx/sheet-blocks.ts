import type { LayoutBlock, TableBlock } from '../layout.ts';
import { append } from '../text/append.ts';
import { cellRange } from '../text/cell-range.ts';
import { guessHeaderRows } from '../text/header-row.ts';
import { findIslands } from './islands.ts';
import { packedTables } from './packed-tables.ts';
import type { Area } from './sheet.ts';
import type { VisibleArea } from './visible-grid.ts';

export interface SheetBlocks {
  blocks: LayoutBlock[];
  /** Grids too sparse to be laid out, whose rows were packed. */
  packed: number;
  /** Places of the grids. */
  used: number;
}

/**
 * The blocks of a sheet's visible cells: each island a table, an island of a single cell a paragraph. `room` bounds the
 * places of all grids together; an island whose grid would exceed it, since it is mostly empty, has its rows packed.
 * No cell is left out. O(cells log cells + room).
 */
export function sheetBlocks(
  name: string,
  areas: VisibleArea[],
  headers: ReadonlySet<string>,
  room: number,
): SheetBlocks {
  const result: SheetBlocks = { blocks: [], packed: 0, used: 0 };
  for (const island of findIslands(areas)) {
    const first = island[0]!;
    if (island.length === 1) {
      result.blocks.push({ kind: 'paragraph', text: first.text, path: { sheet: name, range: sourceRange(island) } });
      result.used++;
      continue;
    }
    const bounds = boundsOf(island);
    const width = bounds.column1 - bounds.column0 + 1;
    const rows = bounds.row1 - bounds.row0 + 1;
    if (rows * width <= room - result.used) {
      result.used += rows * width;
      result.blocks.push(tableBlock(name, island, bounds.row0, bounds.column0, rows, width, headers));
    } else {
      result.used += island.length;
      result.packed++;
      append(result.blocks, packedTables(name, island));
    }
  }
  return result;
}

function tableBlock(
  sheet: string,
  areas: VisibleArea[],
  row0: number,
  column0: number,
  rows: number,
  columns: number,
  headers: ReadonlySet<string>,
): TableBlock {
  const cells = Array.from({ length: rows }, () => new Array<string>(columns).fill(''));
  const merged: NonNullable<TableBlock['spans']> = [];
  for (const area of areas) {
    const [row, column] = [area.row0 - row0, area.column0 - column0];
    cells[row]![column] = area.text;
    const row1 = Math.min(rows, area.row1 - row0 + 1);
    const column1 = area.column1 - column0 + 1;
    if (row1 - row > 1 || column1 - column > 1) merged.push([row, column, row1, column1, area.text]);
  }
  const corner = sourceBounds(areas);
  const headerRows = headers.has(`${corner.row0},${corner.column0}`) && rows > 1 ? 1 : guessHeaderRows(cells);
  return {
    kind: 'table',
    cells,
    headerRows,
    path: { sheet, range: sourceRange(areas) },
    ...(merged.length > 0 && { spans: allSpans(cells, merged) }),
  };
}

/** Every cell as a span, the merged ones with their extent; cells that a merge covers are left out. */
function allSpans(cells: string[][], merged: NonNullable<TableBlock['spans']>): NonNullable<TableBlock['spans']> {
  const width = cells[0]?.length ?? 0;
  const covered = new Set<number>();
  const starts = new Map<number, NonNullable<TableBlock['spans']>[number]>();
  // Merges of a valid file do not overlap, so together they are no larger than the grid; others are not painted on.
  let room = cells.length * width;
  for (const span of merged) {
    starts.set(span[0] * width + span[1], span);
    room -= (span[2] - span[0]) * (span[3] - span[1]);
    if (room < 0) break;
    for (let row = span[0]; row < span[2]; row++) {
      for (let column = span[1]; column < span[3]; column++) covered.add(row * width + column);
    }
  }
  return cells.flatMap((row, r) =>
    row.flatMap((text, c): NonNullable<TableBlock['spans']> => {
      const span = starts.get(r * width + c);
      if (span) return [span];
      return covered.has(r * width + c) && text === '' ? [] : [[r, c, r + 1, c + 1, text]];
    }),
  );
}

function sourceBounds(areas: VisibleArea[]): Area {
  return boundsOf(areas.map((area) => area.source));
}

function sourceRange(areas: VisibleArea[]): string {
  const { row0, column0, row1, column1 } = sourceBounds(areas);
  return cellRange(row0, column0, row1, column1);
}

function boundsOf(areas: Area[]): Area {
  const bounds = { row0: Number.POSITIVE_INFINITY, column0: Number.POSITIVE_INFINITY, row1: 0, column1: 0 };
  for (const area of areas) {
    bounds.row0 = Math.min(bounds.row0, area.row0);
    bounds.column0 = Math.min(bounds.column0, area.column0);
    bounds.row1 = Math.max(bounds.row1, area.row1);
    bounds.column1 = Math.max(bounds.column1, area.column1);
  }
  return bounds;
}
