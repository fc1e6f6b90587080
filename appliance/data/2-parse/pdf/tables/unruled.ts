import { around, bottom, median, right, sameRow } from '../../lines/boxes.ts';
import type { Rule } from '../page-objects.ts';
import { cutPiece, type Piece } from '../pieces.ts';
import { cellText, type FoundTable, type GridCell, headerRowsOf, isNumeric, middle } from './grid.ts';

/** Pieces on one height. */
export interface TextRow {
  pieces: Piece[];
  y0: number;
  y1: number;
}

export interface Column {
  from: number;
  to: number;
}

/** Rows without a second piece that a table may hold one after the other (section titles, wrapped labels). */
const LONE_ROWS = 2;
/** A gap between rows of more than this many line heights ends a table. */
const ROW_GAP = 2.2;
/** A piece with more characters is a sentence (a note under the table), not a cell. */
const SENTENCE = 75;
/** Rows above a table that are looked at for the first lines of its header. */
const LEAD_ROWS = 3;
const MAX_PIECES = 20_000;

/**
 * Tables without cell lines, from text that stands in columns: runs of rows with several pieces, whose gaps lie above
 * each other. Conservative: two columns of prose, a list or a form with labels is no table. O(n log n) for n pieces
 * plus the width of the page for each run.
 */
export function unruledTables(pieces: readonly Piece[], rules: readonly Rule[]): FoundTable[] {
  if (pieces.length > MAX_PIECES) return [];
  const rows = textRows(pieces.filter((piece) => !piece.rotated));
  const tables: FoundTable[] = [];
  const starts = new Map(rows.map((row, index) => [row, index]));
  for (const run of runsOf(rows)) {
    const before = rows.slice(Math.max(0, (starts.get(run[0]!) ?? 0) - LEAD_ROWS), starts.get(run[0]!));
    const table = tableOf(run, rules, before);
    if (table) tables.push(table);
  }
  return tables;
}

export function textRows(pieces: readonly Piece[]): TextRow[] {
  const rows: TextRow[] = [];
  for (const piece of [...pieces].sort((a, b) => a.baseline - b.baseline || a.box.x - b.box.x)) {
    const row = rows.at(-1);
    const home = row?.pieces.some((other) => sameRow(other.box, piece.box)) ? row : undefined;
    if (home) {
      home.pieces.push(piece);
      home.y0 = Math.min(home.y0, piece.box.y);
      home.y1 = Math.max(home.y1, bottom(piece.box));
    } else rows.push({ pieces: [piece], y0: piece.box.y, y1: bottom(piece.box) });
  }
  for (const row of rows) row.pieces.sort((a, b) => a.box.x - b.box.x);
  return rows;
}

/** Longest stretches of rows that could be one table, with rows of several pieces at both ends. */
function runsOf(rows: readonly TextRow[]): TextRow[][] {
  const runs: TextRow[][] = [];
  let run: TextRow[] = [];
  let lone = 0;
  const close = (): void => {
    let end = run.length;
    while (end > 0 && run[end - 1]!.pieces.length < 2) end--;
    const next = run[end];
    const kept = run.slice(0, next && end > 0 && wrapsLabel(run[end - 1]!, next) ? end + 1 : end);
    if (end >= 2) runs.push(kept);
    run = [];
    lone = 0;
  };
  const height = median(
    rows.map((row) => row.y1 - row.y0),
    10,
  );
  for (const row of rows) {
    const last = run.at(-1);
    if (last && row.y0 - last.y1 > ROW_GAP * height) close();
    if (row.pieces.some((piece) => piece.text.length > SENTENCE)) {
      close();
      continue;
    }
    if (row.pieces.length >= 2) {
      run.push(row);
      lone = 0;
    } else if (run.length > 0) {
      if (++lone > LONE_ROWS) close();
      else run.push(row);
    }
  }
  close();
  return runs;
}

/** A lone row close below the last one that goes on with its first cell. */
function wrapsLabel(last: TextRow, row: TextRow): boolean {
  const [label] = last.pieces;
  const [more] = row.pieces;
  if (!label || !more || !/^\p{Ll}/u.test(more.text)) return false;
  return row.y0 - last.y1 < 0.35 * (row.y1 - row.y0) && Math.abs(more.box.x - label.box.x) < 12;
}

/**
 * The rows of a run up to the last one with about as many pieces as usual: notes under a table have fewer. And the
 * columns, which those usual rows define; titles over several columns must not.
 */
function coreOf(run: TextRow[]): { rows: TextRow[]; columns: Column[] } {
  const counts = run.map((row) => row.pieces.length).filter((count) => count >= 2);
  const least = Math.max(2, Math.ceil(0.6 * median(counts, 2)));
  let end = run.length;
  while (end > 0 && run[end - 1]!.pieces.length < least) end--;
  const next = run[end];
  if (next && end > 0 && wrapsLabel(run[end - 1]!, next)) end++;
  const rows = run.slice(0, end);
  return { rows, columns: columnsOf(rows.filter((row) => row.pieces.length >= least)) };
}

/** Rows close above a table that hold the first line of a header cell: one piece over a column, not over the labels. */
function leadOf(before: readonly TextRow[], first: TextRow | undefined, columns: readonly Column[]): TextRow[] {
  const lead: TextRow[] = [];
  let below = first;
  for (const row of [...before].reverse()) {
    const [piece, more] = row.pieces;
    if (!below || !piece || more || below.y0 - row.y1 > 0.35 * (row.y1 - row.y0)) break;
    const home = columns.findIndex((column) => piece.box.x > column.from - 6 && right(piece.box) < column.to + 6);
    if (home < 1) break;
    lead.unshift(row);
    below = row;
  }
  return lead;
}

function tableOf(run: TextRow[], rules: readonly Rule[], before: readonly TextRow[], depth = 0): FoundTable | null {
  const { rows: core, columns } = coreOf(run);
  if (columns.length < 2) return null;
  const all = [...leadOf(before, core[0], columns), ...core];
  const merged = mergeWrapped(
    all.map((row) => placed(row, columns)),
    all,
    rules,
  );
  const texts = merged.map((row) => {
    const line = new Array<string>(columns.length).fill('');
    for (const cell of row) line[cell.column0] = cellText(cell.pieces);
    return line;
  });
  const beside = proseBeside(texts, columns);
  if (beside && depth < 3) return tableOf(without(core, beside), rules, before, depth + 1);
  if (!isTable(texts, columns.length)) return null;
  const cells = merged.flatMap((row, index) => row.map((cell) => ({ ...cell, row0: index, row1: index + 1 })));
  return {
    box: around(cells.flatMap((cell) => cell.pieces).map((piece) => piece.box)),
    rows: merged.length,
    columns: columns.length,
    cells,
    headerRows: headerRowsOf(texts),
  };
}

/** Columns between the strips that (nearly) no row crosses. */
export function columnsOf(run: readonly TextRow[]): Column[] {
  const several = run.filter((row) => row.pieces.length >= 2);
  const all = several.flatMap((row) => row.pieces);
  if (all.length === 0) return [];
  const box = around(all.map((piece) => piece.box));
  const bins = Math.min(20_000, Math.ceil(box.width * 2) + 1);
  const change = new Int32Array(bins + 1);
  for (const piece of all) {
    const from = Math.max(0, Math.floor((piece.box.x - box.x) * 2));
    const to = Math.min(bins, Math.ceil((right(piece.box) - box.x) * 2));
    change[from] = (change[from] ?? 0) + 1;
    change[to] = (change[to] ?? 0) - 1;
  }
  const allowed = Math.floor(0.12 * several.length);
  const columns: Column[] = [];
  let cover = 0;
  let open: Column | undefined;
  for (let bin = 0; bin < bins; bin++) {
    cover += change[bin] ?? 0;
    const x = box.x + bin / 2;
    if (cover > allowed) {
      if (open && x - open.to < 2) open.to = x + 0.5;
      else {
        open = { from: x, to: x + 0.5 };
        columns.push(open);
      }
    }
  }
  return columns;
}

/** The cells of one row; a piece over several columns spans them. */
export function placed(row: TextRow, columns: readonly Column[]): GridCell[] {
  const cells: GridCell[] = [];
  for (const piece of row.pieces.flatMap((whole) => cutAtGutters(whole, columns))) {
    let first = -1;
    let last = -1;
    columns.forEach((column, index) => {
      const shared = Math.min(column.to, right(piece.box)) - Math.max(column.from, piece.box.x);
      if (shared <= 0.15 * Math.min(column.to - column.from, piece.box.width)) return;
      if (first < 0) first = index;
      last = index;
    });
    if (first < 0) first = last = nearest(columns, piece);
    const previous = cells.at(-1);
    if (previous && first < previous.column1) {
      previous.column1 = Math.max(previous.column1, last + 1);
      previous.pieces.push(piece);
    } else cells.push({ row0: 0, row1: 1, column0: first, column1: last + 1, pieces: [piece] });
  }
  return cells;
}

/** Cuts a piece where a wide space of its own lies over the gap between two columns. */
function cutAtGutters(piece: Piece, columns: readonly Column[]): Piece[] {
  for (const gap of piece.breaks) {
    const between = columns.some((column, index) => {
      const next = columns[index + 1];
      return next !== undefined && Math.min(gap.to, next.from + 1) - Math.max(gap.from, column.to - 1) > 0;
    });
    if (!between) continue;
    const [before, after] = cutPiece(piece, gap);
    if (before && after) return [before, ...cutAtGutters(after, columns)];
  }
  return [piece];
}

function nearest(columns: readonly Column[], piece: Piece): number {
  const x = piece.box.x + piece.box.width / 2;
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  columns.forEach((column, index) => {
    const away = Math.abs((column.from + column.to) / 2 - x);
    if (away < distance) {
      distance = away;
      best = index;
    }
  });
  return best;
}

/**
 * Joins rows that are the second line of the row above: close to it, without numbers, nothing in the first column and
 * fewer cells; or, where lines are ruled between rows, all text between two rules.
 */
export function mergeWrapped(
  rows: readonly GridCell[][],
  run: readonly TextRow[],
  rules: readonly Rule[],
): GridCell[][] {
  const merged: GridCell[][] = [];
  const found = rows.findIndex((row) => row.some((cell) => cell.column0 > 0 && isNumeric(textOf(cell))));
  const firstFigures = Math.max(found, 0);
  rows.forEach((row, index) => {
    const above = merged.at(-1);
    const gap = index > 0 ? run[index]!.y0 - run[index - 1]!.y1 : Number.POSITIVE_INFINITY;
    const height = run[index]!.y1 - run[index]!.y0;
    const close = gap < 0.35 * height && !ruled(rules, run[index - 1], run[index]);
    const header = index < firstFigures;
    if (above && close && (continuesRow(above, row) || (header && continuesHeader(above, row)))) addTo(above, row);
    else merged.push(row.map((cell) => ({ ...cell })));
  });
  return merged;
}

function ruled(rules: readonly Rule[], above: TextRow | undefined, below: TextRow | undefined): boolean {
  if (!above || !below) return false;
  const from = (above.y0 + above.y1) / 2;
  const to = (below.y0 + below.y1) / 2;
  const x = below.pieces[0]!.box.x;
  return rules.some((rule) => !rule.upright && rule.at > from && rule.at < to && rule.from <= x + 5 && rule.to >= x);
}

function textOf(cell: GridCell): string {
  return cell.pieces.map((piece) => piece.text).join(' ');
}

/** The second line of a header: each cell below one of the same columns, or below none. Years do not go on. */
function continuesHeader(above: readonly GridCell[], row: readonly GridCell[]): boolean {
  if (row.some((cell) => isNumeric(textOf(cell)))) return false;
  return row.every((cell) => {
    const touching = above.filter((other) => other.column0 < cell.column1 && cell.column0 < other.column1);
    if (touching.length === 0) return true;
    return touching.length === 1 && touching[0]!.column0 === cell.column0 && touching[0]!.column1 === cell.column1;
  });
}

function continuesRow(above: readonly GridCell[], row: readonly GridCell[]): boolean {
  if (row.some((cell) => isNumeric(textOf(cell)))) return false;
  // Every cell must go on below one of the row above, over the same columns.
  const fits = row.every((cell) =>
    above.some((other) => other.column0 === cell.column0 && other.column1 === cell.column1),
  );
  if (!fits) return false;
  if (row.some((cell) => cell.column0 === 0)) {
    return row.length === 1 && above.length > 1 && /^\p{Ll}/u.test(textOf(row[0]!));
  }
  return row.length <= above.length;
}

function addTo(above: GridCell[], row: readonly GridCell[]): void {
  for (const cell of row) {
    const home = above.find((other) => other.column0 === cell.column0);
    if (home) home.pieces.push(...cell.pieces);
    else above.push({ ...cell });
  }
  above.sort((a, b) => a.column0 - b.column0);
}

/** True when the lines of a column go on from row to row: prose. */
function readsOn(rows: readonly string[][], column: number): boolean {
  const texts = rows.map((row) => row[column] ?? '').filter((text) => text !== '');
  if (texts.length < 3) return false;
  const length = texts.reduce((sum, text) => sum + text.length, 0) / texts.length;
  const low = texts.filter((text) => /^\p{Ll}/u.test(text)).length / texts.length;
  return length >= 16 && low >= 0.35;
}

/** A column of prose at the left or right of what may be a table: the other column of the page. */
function proseBeside(rows: readonly string[][], columns: readonly Column[]): Column | null {
  if (columns.length < 3) return null;
  const edges = [columns.length - 1, 0].filter((column) => readsOn(rows, column));
  const column = edges.find((edge) => {
    const lengths = rows.map((row) => row[edge]?.length ?? 0).filter((length) => length > 0);
    lengths.sort((a, b) => a - b);
    const usual = median(lengths, 0);
    // Lines of prose fill their column, labels that need two lines do not.
    return usual >= 22 && usual >= 0.82 * (lengths[Math.floor(0.9 * lengths.length)] ?? 0);
  });
  return column === undefined ? null : columns[column]!;
}

/** The rows without what stands in one column; rows at the ends that are no longer rows of cells go. */
function without(run: readonly TextRow[], column: Column): TextRow[] {
  const rows = run
    .map((row) => ({
      ...row,
      pieces: row.pieces.filter((piece) => middle(piece).x < column.from || middle(piece).x > column.to),
    }))
    .filter((row) => row.pieces.length > 0);
  while (rows.length > 0 && rows[0]!.pieces.length < 2) rows.shift();
  while (rows.length > 0 && rows[rows.length - 1]!.pieces.length < 2) rows.pop();
  return rows;
}

/** How many columns count up or down in equal steps, as the axes of a chart do. */
function columnsWithSteps(rows: readonly string[][], columns: number): number {
  let count = 0;
  for (let column = 0; column < columns; column++) {
    const values = rows.map((row) => (row[column] ?? '').replace(/[,%$\s]/gu, '')).filter((text) => text !== '');
    const numbers = values.filter((text) => /^-?\d+(?:\.\d+)?$/.test(text)).map(Number);
    if (numbers.length < 4 || numbers.length < values.length - 1) continue;
    const step = numbers[1]! - numbers[0]!;
    if (step !== 0 && numbers.every((value, i) => i === 0 || Math.abs(value - numbers[i - 1]! - step) < 1e-6)) count++;
  }
  return count;
}

/** Whether rows of cells read as a table and not as prose, a list or a contents page. */
function isTable(rows: readonly string[][], columns: number): boolean {
  const several = rows.filter((row) => row.filter((text) => text !== '').length >= 2);
  if (several.length < 2) return false;
  const body = several.flatMap((row) => row.slice(1).filter((text) => text !== ''));
  const all = several.flat().filter((text) => text !== '');
  const numeric = body.filter(isNumeric).length / Math.max(1, body.length);
  const length = all.reduce((sum, text) => sum + text.length, 0) / Math.max(1, all.length);
  const filled = all.length / (several.length * columns);
  const markers = several.filter((row) =>
    /^(?:[\u2022\u25AA\u25CF\uF0B7\u2013-]|\(?[\da-z]{1,3}[.)])$/iu.test(row[0] ?? ''),
  ).length;
  if (columns === 2 && markers > 0.6 * several.length) return false;
  if (several.length < 0.3 * rows.length) return false;
  if (columnsWithSteps(rows, columns) > 0.5 * columns) return false;
  if (numeric >= 0.4) return filled >= 0.3 && several.length >= 2 && (columns > 2 || several.length >= 3);
  if (several.length < 0.5 * rows.length || rows[0]!.some((_, column) => readsOn(rows, column))) return false;
  if (columns === 2) return several.length >= 4 && length < 18 && filled > 0.8 && numeric > 0.1;
  return several.length >= 3 && filled >= 0.45 && length < 30;
}
