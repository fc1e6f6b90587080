import type { ReadLimits } from '../layout.ts';
import { type Attributes, readXml } from '../ooxml/xml.ts';
import { columnNumber } from '../text/cell-range.ts';
import { countNonSpace } from '../text/count.ts';
import { coveredCells } from './covered-cells.ts';
import { isTrue, unescapeText, type Workbook } from './workbook.ts';

/** A cell that shows something. Rows and columns count from 0. */
export interface SheetCell {
  row: number;
  column: number;
  text: string;
}

export interface UnseenCell extends SheetCell {
  kind: 'hidden_format' | 'white_on_white' | 'tiny_text' | 'merged_cell';
}

/** An inclusive rectangle of cells. */
export interface Area {
  row0: number;
  column0: number;
  row1: number;
  column1: number;
}

export interface Sheet {
  /** Row by row, left to right. */
  cells: SheetCell[];
  merges: Area[];
  hiddenRows: Set<number>;
  /** Sorted, inclusive. */
  hiddenColumns: [number, number][];
  /** Cells with a value that cannot be seen: by their number format (`;;;`), their font, or under a merged area. */
  unseen: UnseenCell[];
  /** Cells with a value beyond the limit. */
  cellsLeftOut: number;
  /** Characters that the sheet shows, those left out included. */
  characters: number;
}

const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 16_384;

/**
 * Reads a worksheet as a stream: what each cell shows, merged areas, hidden rows and columns. `room` is the number of
 * cells that may still be kept; the rest is counted. O(n) time, O(kept cells) memory.
 */
export async function readSheet(
  chunks: AsyncIterable<Uint8Array>,
  workbook: Workbook,
  limits: ReadLimits,
  room: number,
): Promise<Sheet> {
  const reader = new SheetReader(workbook, room);
  await readXml(chunks, limits.maxXmlDepth, {
    open: (name, attributes) => reader.open(name, attributes),
    close: (name) => reader.close(name),
    text: (text) => reader.text(text),
  });
  const { sheet } = reader;
  // Files of other makers may hold rows or cells out of order; the order of the grid is the reading order.
  const inOrder = (a: SheetCell, b: SheetCell) => a.row - b.row || a.column - b.column;
  sheet.cells.sort(inOrder);
  const covered = coveredCells(sheet.cells, sheet.merges);
  if (covered.size > 0) {
    for (const cell of covered) sheet.unseen.push({ ...cell, kind: 'merged_cell' });
    sheet.cells = sheet.cells.filter((cell) => !covered.has(cell));
  }
  sheet.unseen.sort(inOrder);
  sheet.hiddenColumns.sort((a, b) => a[0] - b[0]);
  return sheet;
}

class SheetReader {
  readonly sheet: Sheet = {
    cells: [],
    merges: [],
    hiddenRows: new Set(),
    hiddenColumns: [],
    unseen: [],
    cellsLeftOut: 0,
    characters: 0,
  };
  readonly #workbook: Workbook;
  readonly #room: number;
  #row = -1;
  #column = -1;
  #type = 'n';
  #style = 0;
  #value: string[] = [];
  #inline: string[] = [];
  #target: string[] | undefined;
  #phonetic = 0;

  constructor(workbook: Workbook, room: number) {
    this.#workbook = workbook;
    this.#room = room;
  }

  open(name: string, attributes: Attributes): void {
    switch (name) {
      case 'x:row':
        this.#openRow(attributes);
        return;
      case 'x:c':
        this.#openCell(attributes);
        return;
      case 'x:v':
        this.#target = this.#value;
        return;
      case 'x:t':
        if (this.#phonetic === 0) this.#target = this.#inline;
        return;
      case 'x:rPh':
        this.#phonetic++;
        return;
      case 'x:col':
        this.#openColumns(attributes);
        return;
      case 'x:mergeCell':
        this.#openMerge(attributes);
    }
  }

  close(name: string): void {
    if (name === 'x:v' || name === 'x:t') this.#target = undefined;
    else if (name === 'x:rPh') this.#phonetic--;
    else if (name === 'x:c') this.#closeCell();
  }

  text(text: string): void {
    this.#target?.push(text);
  }

  #openRow({ r, hidden, ht }: Attributes): void {
    this.#row = r === undefined ? this.#row + 1 : Number(r) - 1;
    this.#column = -1;
    if (isTrue(hidden) || Number(ht ?? 1) === 0) this.sheet.hiddenRows.add(this.#row);
  }

  #openCell({ r, t, s }: Attributes): void {
    const place = r === undefined ? undefined : parseCell(r);
    this.#column = place?.column ?? this.#column + 1;
    if (place) this.#row = place.row;
    this.#type = t ?? 'n';
    this.#style = Number(s ?? 0);
    this.#value = [];
    this.#inline = [];
  }

  #closeCell(): void {
    const value = this.#value.join('');
    if (value === '' && this.#inline.length === 0) return;
    const row = this.#row;
    const column = this.#column;
    if (!(row >= 0 && row < MOST_ROWS && column >= 0 && column < MOST_COLUMNS)) return;
    const { shown, raw } = this.#show(value);
    const formatted = shown.trim() === '';
    const text = formatted ? raw : shown;
    // A zero that its format leaves empty is an empty cell to everyone.
    if (text.trim() === '' || (formatted && Number(raw) === 0)) return;
    this.sheet.characters += countNonSpace(text);
    if (this.sheet.cells.length + this.sheet.unseen.length >= this.#room) {
      this.sheet.cellsLeftOut++;
      return;
    }
    const kind = formatted ? 'hidden_format' : this.#workbook.look(this.#style);
    if (kind === undefined) this.sheet.cells.push({ row, column, text });
    else this.sheet.unseen.push({ row, column, text, kind });
  }

  /** What the cell shows, and what it holds. */
  #show(value: string): { shown: string; raw: string } {
    const style = () => this.#workbook.format(this.#style);
    const words = (raw: string) => ({ shown: style().text(raw), raw });
    switch (this.#type) {
      case 's': {
        return words(this.#workbook.sharedStrings[Number(value)] ?? '');
      }
      case 'inlineStr':
        return words(unescapeText(this.#inline.join('')));
      case 'str':
        return words(unescapeText(value));
      case 'b':
        return { shown: isTrue(value.trim()) ? 'TRUE' : 'FALSE', raw: value };
      case 'e':
        return { shown: value, raw: value };
      case 'd':
        return { shown: isoDate(value), raw: value };
      default: {
        const number = value.trim() === '' ? Number.NaN : Number(value);
        return Number.isFinite(number) ? { shown: style().number(number), raw: value } : { shown: value, raw: value };
      }
    }
  }

  #openColumns({ min, max, hidden, width }: Attributes): void {
    if (!isTrue(hidden) && Number(width ?? 1) !== 0) return;
    const from = Number(min) - 1;
    const to = Math.min(MOST_COLUMNS, Number(max)) - 1;
    if (from >= 0 && to >= from) this.sheet.hiddenColumns.push([from, to]);
  }

  #openMerge({ ref }: Attributes): void {
    const [from, to] = (ref ?? '').split(':').map(parseCell);
    if (!from || !to || to.row < from.row || to.column < from.column) return;
    if (this.sheet.merges.length >= this.#room) return;
    this.sheet.merges.push({ row0: from.row, column0: from.column, row1: to.row, column1: to.column });
  }
}

/** `C12` → row 11, column 2; `$` signs are allowed. Undefined for anything else. */
export function parseCell(reference: string): { row: number; column: number } | undefined {
  const match = /^\$?([A-Za-z]{1,3})\$?(\d{1,7})$/.exec(reference);
  if (!match) return undefined;
  return { row: Number(match[2]) - 1, column: columnNumber(match[1]!.toUpperCase()) };
}

/** A date cell of strict files (`t="d"`): the ISO form without a midnight that nobody wrote. */
function isoDate(value: string): string {
  return value
    .trim()
    .replace(/T00:00:00(\.0+)?Z?$/, '')
    .replace('T', ' ');
}
