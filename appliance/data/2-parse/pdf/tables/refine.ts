import type { Rule } from '../page-objects.ts';
import type { Piece } from '../pieces.ts';
import { type FoundTable, type GridCell, isNumeric, middle } from './grid.ts';
import { type Column, columnsOf, mergeWrapped, placed, type TextRow, textRows } from './unruled.ts';

/** Share of numbers from which a stack of text is a column of figures. */
const NUMBERS = 0.7;

/**
 * Many tables rule only some of their cells: a line under the header, or one beside the first column. This splits ruled
 * columns whose text stands in columns.
 */
export function splitColumns(table: FoundTable): FoundTable {
  const starts: number[] = [];
  const parts: Column[][] = [];
  let next = 0;
  for (let column = 0; column < table.columns; column++) {
    const own = table.cells.filter((cell) => cell.column0 === column && cell.column1 === column + 1);
    const found = columnsWithin(own.flatMap((cell) => cell.pieces));
    parts.push(found);
    starts.push(next);
    next += Math.max(1, found.length);
  }
  starts.push(next);
  if (next === table.columns) return table;
  const cells = table.cells.flatMap((cell): GridCell[] => {
    const moved = { ...cell, column0: starts[cell.column0]!, column1: starts[cell.column1]! };
    const within = cell.column1 - cell.column0 === 1 ? parts[cell.column0]! : [];
    return within.length > 1 ? splitCell(moved, within) : [moved];
  });
  return { ...table, columns: next, cells };
}

/** Columns in which the text of one ruled column stands, or none when it is one column. */
function columnsWithin(pieces: readonly Piece[]): Column[] {
  const rows = textRows(pieces);
  const several = rows.filter((row) => row.pieces.length >= 2);
  if (several.length < 2 || several.length < 0.5 * rows.length) return [];
  const columns = columnsOf(several);
  const figures = columns.some((column) => {
    const own = pieces.filter((piece) => middle(piece).x > column.from && middle(piece).x < column.to);
    return own.length > 1 && own.filter((piece) => isNumeric(piece.text)).length >= NUMBERS * own.length;
  });
  return columns.length > 1 && figures ? columns : [];
}

/** One cell as the cells of its columns; text over several of them keeps them together. */
function splitCell(cell: GridCell, columns: readonly Column[]): GridCell[] {
  const groups: GridCell[] = [];
  for (const row of textRows(cell.pieces)) {
    for (const part of placed(row, columns)) {
      const first = cell.column0 + part.column0;
      const last = cell.column0 + part.column1;
      const touching = groups.filter((group) => group.column0 < last && first < group.column1);
      const joined: GridCell = {
        row0: cell.row0,
        row1: cell.row1,
        column0: Math.min(first, ...touching.map((group) => group.column0)),
        column1: Math.max(last, ...touching.map((group) => group.column1)),
        pieces: [...touching.flatMap((group) => group.pieces), ...part.pieces],
      };
      for (const group of touching) groups.splice(groups.indexOf(group), 1);
      groups.push(joined);
    }
  }
  for (let column = cell.column0; column < cell.column1; column++) {
    if (groups.some((group) => group.column0 <= column && column < group.column1)) continue;
    groups.push({ row0: cell.row0, row1: cell.row1, column0: column, column1: column + 1, pieces: [] });
  }
  return groups.sort((a, b) => a.column0 - b.column0);
}

/** Splits ruled rows whose text stands in rows of numbers. */
export function splitRows(table: FoundTable, rules: readonly Rule[]): FoundTable {
  const starts: number[] = [];
  const bands: GridCell[][][] = [];
  let next = 0;
  for (let row = 0; row < table.rows; row++) {
    const own = table.cells.filter((cell) => cell.row0 === row && cell.row1 === row + 1);
    const rows = rowsWithin(own, rules);
    bands.push(rows);
    starts.push(next);
    next += Math.max(1, rows.length);
  }
  starts.push(next);
  if (next === table.rows) return table;
  const cells: GridCell[] = [];
  for (const cell of table.cells) {
    const split = cell.row1 - cell.row0 === 1 && bands[cell.row0]!.length > 1;
    if (!split) cells.push({ ...cell, row0: starts[cell.row0]!, row1: starts[cell.row1]! });
  }
  bands.forEach((band, row) => {
    band.forEach((line, index) => {
      for (const cell of line) cells.push({ ...cell, row0: starts[row]! + index, row1: starts[row]! + index + 1 });
    });
  });
  return { ...table, rows: next, cells };
}

/** The text rows of one ruled row when they are rows of numbers, each as cells; else none. */
function rowsWithin(cells: readonly GridCell[], rules: readonly Rule[]): GridCell[][] {
  if (cells.length < 2) return [];
  const rows = textRows(cells.flatMap((cell) => cell.pieces));
  if (rows.length < 2) return [];
  const stacked = cells.filter((cell) => textRows(cell.pieces).length > 1);
  const figures = stacked.filter((cell) => {
    const numbers = cell.pieces.filter((piece) => isNumeric(piece.text)).length;
    return numbers >= NUMBERS * cell.pieces.length;
  });
  if (figures.length === 0 || figures.length < 0.4 * stacked.length) return [];
  const lines = rows.map((row) => cellsOfRow(row, cells));
  return mergeWrapped(lines, rows, rules);
}

function cellsOfRow(row: TextRow, cells: readonly GridCell[]): GridCell[] {
  const line: GridCell[] = [];
  for (const cell of cells) {
    const own = row.pieces.filter((piece) => cell.pieces.includes(piece));
    if (own.length > 0) line.push({ ...cell, pieces: own.sort((a, b) => middle(a).x - middle(b).x) });
  }
  return line;
}
