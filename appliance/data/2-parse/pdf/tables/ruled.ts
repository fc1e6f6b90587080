import type { Box } from '../../../document.ts';
import type { Rule } from '../page-objects.ts';
import type { Piece } from '../pieces.ts';
import { cellText, type FoundTable, type GridCell, headerRowsOf, isNumeric, middle } from './grid.ts';
import { splitColumns, splitRows } from './refine.ts';
import { textRows } from './unruled.ts';

/** Lines closer than this (points) are one; ends this far from a crossing line reach it. */
const NEAR = 2.5;
/** Rules of one page beyond which the page is a drawing and not looked at. */
const MAX_RULES = 3000;
/** Points by which lines must reach beyond the last crossing line for the table to be open there. */
const OPEN_SIDE = 8;
/** Lines for each row from which figures in a cell over few rows are rows of their own. */
const STACK = 3;
const MAX_GRID_CELLS = 20_000;

/**
 * Tables whose cells are drawn with lines. Rules are joined where they lie on one line, grouped where they cross, and
 * each group's crossings make a grid; cells without a line between them are one. O(horizontal × upright rules), both
 * bounded.
 */
export function ruledTables(pieces: readonly Piece[], rules: readonly Rule[]): FoundTable[] {
  if (rules.length > 4 * MAX_RULES) return [];
  const lines = joinRules(rules);
  if (lines.length > MAX_RULES) return [];
  return groups(lines)
    .map((group) => tableOf(group, pieces, lines))
    .filter((table) => table !== null)
    .sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
}

/** Joins rules that lie on one line and touch. O(n log n). */
export function joinRules(rules: readonly Rule[]): Rule[] {
  const sorted = [...rules].sort((a, b) => Number(a.upright) - Number(b.upright) || a.at - b.at || a.from - b.from);
  const joined: Rule[] = [];
  let start = 0;
  for (let i = 1; i <= sorted.length; i++) {
    const first = sorted[start];
    const next = sorted[i];
    if (first && next && next.upright === first.upright && next.at - first.at < 1.5) continue;
    const level = sorted.slice(start, i).sort((a, b) => a.from - b.from);
    start = i;
    let open: Rule | undefined;
    for (const rule of level) {
      if (open && rule.from <= open.to + NEAR) open.to = Math.max(open.to, rule.to);
      else {
        open = { ...rule };
        joined.push(open);
      }
    }
  }
  return joined.filter((rule) => rule.to - rule.from > 4);
}

/** Groups of rules that hang together by crossings. */
function groups(lines: readonly Rule[]): Rule[][] {
  const parent = lines.map((_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  lines.forEach((a, i) => {
    if (a.upright) return;
    lines.forEach((b, j) => {
      if (!b.upright) return;
      const cross = b.at >= a.from - NEAR && b.at <= a.to + NEAR && a.at >= b.from - NEAR && a.at <= b.to + NEAR;
      if (cross) parent[root(i)] = root(j);
    });
  });
  const byRoot = new Map<number, Rule[]>();
  lines.forEach((line, i) => {
    const key = root(i);
    const list = byRoot.get(key);
    if (list) list.push(line);
    else byRoot.set(key, [line]);
  });
  return [...byRoot.values()].filter((group) => group.length >= 4);
}

function levels(rules: readonly Rule[]): number[] {
  const sorted = rules.map((rule) => rule.at).sort((a, b) => a - b);
  const out: number[] = [];
  for (const at of sorted) if (out.length === 0 || at - out[out.length - 1]! > NEAR) out.push(at);
  return out;
}

/** Lines that reach beyond the outermost crossing line say that the table is open on that side. */
function withEnds(at: number[], crossing: readonly Rule[]): number[] {
  const from = Math.min(...crossing.map((rule) => rule.from));
  const to = Math.max(...crossing.map((rule) => rule.to));
  const ends = [...at];
  if (ends.length > 0 && from < ends[0]! - OPEN_SIDE) ends.unshift(from);
  if (ends.length > 0 && to > ends[ends.length - 1]! + OPEN_SIDE) ends.push(to);
  return ends;
}

function tableOf(group: readonly Rule[], pieces: readonly Piece[], rules: readonly Rule[]): FoundTable | null {
  const across = group.filter((rule) => !rule.upright);
  const upright = group.filter((rule) => rule.upright);
  const ys = withEnds(levels(across), upright);
  const xs = withEnds(levels(upright), across);
  const rows = ys.length - 1;
  const columns = xs.length - 1;
  if (rows < 1 || columns < 1 || rows * columns < 2 || rows * columns > MAX_GRID_CELLS) return null;
  const box: Box = { x: xs[0]!, y: ys[0]!, width: xs[columns]! - xs[0]!, height: ys[rows]! - ys[0]! };
  const inside = pieces.filter((piece) => {
    const { x, y } = middle(piece);
    return x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height;
  });
  if (inside.length === 0) return null;
  const cells = mergeCells(rows, columns, {
    below: (row, column) => row === rows - 1 || covers(across, ys[row + 1]!, xs[column]!, xs[column + 1]!),
    beside: (row, column) => column === columns - 1 || covers(upright, xs[column + 1]!, ys[row]!, ys[row + 1]!),
  });
  const owner = new Map<number, GridCell>();
  for (const cell of cells) {
    for (let row = cell.row0; row < cell.row1; row++) {
      for (let column = cell.column0; column < cell.column1; column++) owner.set(row * columns + column, cell);
    }
  }
  for (const piece of inside) {
    const { x, y } = middle(piece);
    owner.get(slot(ys, y) * columns + slot(xs, x))?.pieces.push(piece);
  }
  const split = splitColumns({ box, rows, columns, cells, headerRows: 0 });
  const stacks = new Set(split.cells.filter(isStack).map(extent));
  const single = split.cells.flatMap((cell) => splitTall(cell, ys, stacks));
  return compact(splitRows({ ...split, cells: single }, rules));
}

/** A cell over several rows that holds many figures, one below the other. */
function isStack(cell: GridCell): boolean {
  const height = cell.row1 - cell.row0;
  if (height < 2 || cell.pieces.length < STACK * height) return false;
  return cell.pieces.filter((piece) => isNumeric(piece.text)).length >= 0.7 * cell.pieces.length;
}

function extent(cell: GridCell): string {
  return `${cell.row0}-${cell.row1}`;
}

/**
 * A cell over many rows whose lines stand one to a row is no merged cell: lines between the rows were left out there.
 */
function splitTall(cell: GridCell, ys: readonly number[], stacks: ReadonlySet<string>): GridCell[] {
  const height = cell.row1 - cell.row0;
  if (height < 2) return [cell];
  const lines = textRows(cell.pieces);
  // Few rows: only beside a stack of figures, and with as many lines as that.
  if (height < 4 && (!stacks.has(extent(cell)) || lines.length < STACK * height)) return [cell];
  const byRow = new Map<number, Piece[]>();
  for (const line of lines) {
    const row = slot(ys, (line.y0 + line.y1) / 2);
    byRow.set(row, [...(byRow.get(row) ?? []), ...line.pieces]);
  }
  if (byRow.size < 0.6 * height) return [cell];
  return Array.from({ length: height }, (_, i): GridCell => {
    const row = cell.row0 + i;
    return { ...cell, row0: row, row1: row + 1, pieces: byRow.get(row) ?? [] };
  });
}

/** Index of the interval between two levels that holds `value`. */
function slot(at: readonly number[], value: number): number {
  let i = 0;
  while (i < at.length - 2 && value >= at[i + 1]!) i++;
  return i;
}

/** True when rules at `at` cover most of the stretch between `from` and `to`. */
function covers(rules: readonly Rule[], at: number, from: number, to: number): boolean {
  let covered = 0;
  for (const rule of rules) {
    if (Math.abs(rule.at - at) > NEAR) continue;
    covered = Math.max(covered, Math.min(rule.to, to) - Math.max(rule.from, from));
  }
  return covered > 0.6 * (to - from);
}

interface Borders {
  below(row: number, column: number): boolean;
  beside(row: number, column: number): boolean;
}

/** Cells as the largest rectangles without a line inside, from the top left. O(cells). */
function mergeCells(rows: number, columns: number, borders: Borders): GridCell[] {
  const taken = new Uint8Array(rows * columns);
  const cells: GridCell[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (taken[row * columns + column] === 1) continue;
      let column1 = column + 1;
      while (column1 < columns && taken[row * columns + column1] === 0 && !borders.beside(row, column1 - 1)) column1++;
      let row1 = row + 1;
      while (row1 < rows && open(borders, row1 - 1, column, column1) && free(taken, columns, row1, column, column1))
        row1++;
      for (let r = row; r < row1; r++) for (let c = column; c < column1; c++) taken[r * columns + c] = 1;
      cells.push({ row0: row, column0: column, row1, column1, pieces: [] });
    }
  }
  return cells;
}

/** No line below the row along the whole width, and none upright within it in the row below. */
function open(borders: Borders, row: number, column0: number, column1: number): boolean {
  for (let column = column0; column < column1; column++) {
    if (borders.below(row, column)) return false;
    if (column < column1 - 1 && borders.beside(row + 1, column)) return false;
  }
  return true;
}

function free(taken: Uint8Array, columns: number, row: number, column0: number, column1: number): boolean {
  for (let column = column0; column < column1; column++) if (taken[row * columns + column] === 1) return false;
  return true;
}

/** Drops rows and columns that hold no text of their own (double lines, margins); null when no table is left. */
function compact(table: FoundTable): FoundTable | null {
  const rowUsed = new Array<boolean>(table.rows).fill(false);
  const columnUsed = new Array<boolean>(table.columns).fill(false);
  for (const cell of table.cells) {
    if (cell.pieces.length === 0) continue;
    rowUsed[cell.row0] = true;
    columnUsed[cell.column0] = true;
  }
  const rowAt = positions(rowUsed);
  const columnAt = positions(columnUsed);
  const rows = rowAt[table.rows]!;
  const columns = columnAt[table.columns]!;
  if (rows < 2 || columns < 2) return null;
  const cells: GridCell[] = [];
  for (const cell of table.cells) {
    const moved: GridCell = {
      row0: rowAt[cell.row0]!,
      row1: rowAt[cell.row1]!,
      column0: columnAt[cell.column0]!,
      column1: columnAt[cell.column1]!,
      pieces: cell.pieces,
    };
    if (moved.row1 > moved.row0 && moved.column1 > moved.column0) cells.push(moved);
  }
  const filled = cells.filter((cell) => cell.pieces.length > 0).length;
  if (filled < 3 || filled < 0.15 * cells.length) return null;
  const plain = Array.from({ length: rows }, () => new Array<string>(columns).fill(''));
  for (const cell of cells) plain[cell.row0]![cell.column0] = cellText(cell.pieces);
  return { ...table, rows, columns, cells, headerRows: headerRowsOf(plain) };
}

/** New index of each old one, counting only the used; one entry more for ends. */
function positions(used: readonly boolean[]): number[] {
  const at = [0];
  for (const is of used) at.push(at[at.length - 1]! + (is ? 1 : 0));
  return at;
}
