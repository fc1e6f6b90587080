import type { FormatReader, Layout, LayoutBlock, LayoutHidden, ReadLimits } from '../layout.ts';
import { DroppedCounter } from '../ooxml/dropped.ts';
import { type OfficePackage, openPackage } from '../ooxml/package.ts';
import { childElements } from '../ooxml/tree.ts';
import { OOXML_VERSIONS } from '../ooxml/versions.ts';
import { append } from '../text/append.ts';
import { countNonSpace } from '../text/count.ts';
import { readDrawings, type SheetDrawings } from './drawings.ts';
import { parseCell, readSheet, type SheetCell } from './sheet.ts';
import { sheetBlocks } from './sheet-blocks.ts';
import { splitHidden } from './visible-grid.ts';
import { readWorkbook, type SheetEntry, type Workbook } from './workbook.ts';

/**
 * Reads an XLSX (spec 2 B): a section for each visible sheet, a table for each island of cells, values as they are
 * shown, formulas by their cached value; hidden sheets, rows, columns and values kept apart as hidden text; comments,
 * charts and images reported. Throws `FILE_CORRUPTED`, `FILE_ENCRYPTED` or `UNSUPPORTED_FORMAT`.
 */
export const readXlsx: FormatReader = async (bytes, { limits }): Promise<Layout> => {
  const file = await openPackage(bytes, 'spreadsheetml', limits);
  const workbook = await readWorkbook(file, limits);
  const reader = new WorkbookReader(file, workbook, limits);
  for (const sheet of workbook.sheets) await reader.take(sheet);
  for (const link of await file.relationships(file.main)) {
    if (link.type === 'vbaProject') reader.dropped.add('macro');
    else if (link.type === 'externalLink' || link.external) reader.dropped.add('external_link');
  }
  return {
    pages: [{ page: 1, width: 0, height: 0, ocr: false, confidence: null, blocks: reader.blocks }],
    hidden: reader.hidden,
    dropped: reader.dropped.list(),
    sourceCharacters: reader.characters,
    versions: { ...OOXML_VERSIONS },
  };
};

class WorkbookReader {
  readonly blocks: LayoutBlock[] = [];
  readonly hidden: LayoutHidden[] = [];
  readonly dropped = new DroppedCounter();
  characters = 0;
  readonly #file: OfficePackage;
  readonly #workbook: Workbook;
  readonly #limits: ReadLimits;
  #room: number;

  constructor(file: OfficePackage, workbook: Workbook, limits: ReadLimits) {
    this.#file = file;
    this.#workbook = workbook;
    this.#limits = limits;
    this.#room = limits.maxTableCells;
  }

  async take(entry: SheetEntry): Promise<void> {
    const drawings = await this.#report(entry);
    if (entry.hidden) this.dropped.add('hidden_sheet');
    else this.blocks.push({ kind: 'heading', level: 1, text: entry.name, path: { sheet: entry.name } });
    if (entry.type === 'worksheet') await this.#takeCells(entry);
    this.#takeDrawings(entry, drawings);
  }

  async #takeCells(entry: SheetEntry): Promise<void> {
    const sheet = await readSheet(this.#file.open(entry.part), this.#workbook, this.#limits, this.#room);
    this.characters += sheet.characters;
    this.dropped.add('table_cells', sheet.cellsLeftOut);
    if (entry.hidden) {
      this.#hide('hidden_sheet', [...sheet.cells, ...sheet.unseen]);
      this.#room = Math.max(0, this.#room - sheet.cells.length - sheet.unseen.length);
      return;
    }
    const { visible, hiddenRows, hiddenColumns } = splitHidden(sheet);
    this.#hide('hidden_row', hiddenRows);
    this.#hide('hidden_column', hiddenColumns);
    for (const kind of ['hidden_format', 'white_on_white', 'tiny_text', 'merged_cell'] as const) {
      const cells = sheet.unseen.filter((cell) => cell.kind === kind);
      this.#hide(kind, cells);
    }
    this.dropped.add('hidden_row', new Set(hiddenRows.map((cell) => cell.row)).size);
    this.dropped.add('hidden_column', new Set(hiddenColumns.map((cell) => cell.column)).size);
    const { blocks, packed, used } = sheetBlocks(entry.name, visible, await this.#headers(entry), this.#room);
    append(this.blocks, blocks);
    this.dropped.add('table_shape', packed);
    this.#room = Math.max(0, this.#room - used);
  }

  #takeDrawings(entry: SheetEntry, { blocks, hidden }: SheetDrawings): void {
    for (const block of blocks) {
      const text = block.kind === 'figure' ? block.caption : block.kind === 'table' ? '' : block.text;
      this.characters += countNonSpace(text);
      if (!entry.hidden) this.blocks.push(block);
      else if (text !== '') this.hidden.push({ page: 1, kind: 'hidden_sheet', boxes: [], text });
    }
    for (const item of hidden) this.characters += countNonSpace(item.text);
    append(this.hidden, hidden);
  }

  /** The cells of hidden rows, columns or sheets as one piece of hidden text, a line for each row. */
  #hide(kind: string, cells: SheetCell[]): void {
    if (cells.length === 0) return;
    const lines: string[][] = [];
    let row = -1;
    for (const cell of cells) {
      if (cell.row !== row) lines.push([]);
      row = cell.row;
      lines.at(-1)!.push(cell.text);
    }
    this.hidden.push({ page: 1, kind, boxes: [], text: lines.map((line) => line.join(' | ')).join('\n') });
  }

  /** Where the file itself says that a table with a header row begins, as `row,column`. */
  async #headers(entry: SheetEntry): Promise<ReadonlySet<string>> {
    const starts = new Set<string>();
    for (const link of await this.#file.relationships(entry.part)) {
      if (link.type !== 'table' || link.external || !this.#file.has(link.target)) continue;
      const { attributes } = await this.#file.tree(link.target);
      const corner = parseCell((attributes.ref ?? '').split(':')[0]!);
      if (corner && attributes.headerRowCount !== '0') starts.add(`${corner.row},${corner.column}`);
    }
    return starts;
  }

  /** Reads the drawings that hang on a sheet, and reports what else does and is not read. */
  async #report(entry: SheetEntry): Promise<SheetDrawings> {
    const drawings: SheetDrawings = { blocks: [], hidden: [] };
    if (entry.type === 'dialogsheet') this.dropped.add('form_control');
    for (const link of await this.#file.relationships(entry.part)) {
      if (link.external) {
        this.dropped.add('external_link');
        continue;
      }
      if (!this.#file.has(link.target)) continue;
      if (link.type === 'comments') {
        const list = childElements(await this.#file.tree(link.target)).find((item) => item.name === 'x:commentList');
        this.dropped.add('comment', list ? childElements(list).length : 0);
      } else if (link.type === 'drawing') {
        const { blocks, hidden } = await readDrawings(this.#file, link.target, entry.name, this.dropped);
        append(drawings.blocks, blocks);
        append(drawings.hidden, hidden);
      } else if (link.type === 'oleObject' || link.type === 'package') this.dropped.add('embedded_object');
      else if (link.type === 'ctrlProp') this.dropped.add('form_control');
    }
    return drawings;
  }
}
