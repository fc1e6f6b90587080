import type { Box, ElementType, Path } from '../../document.ts';
import type { PageText, PlacedBlock } from './page-text.ts';
import { linePaths, mergePaths, rowsPath } from './path.ts';
import { type Range, splitText } from './split-text.ts';

/** A chunk before it has an id. */
export interface ChunkDraft extends Range {
  page: number;
  elementType: ElementType;
  boxes: Box[];
  path: Path | undefined;
  sectionTitle: string | null;
  headingLevel: number | null;
  tableHeader?: string[];
  tablePart?: [number, number];
}

export interface ChunkLimits {
  soft: number;
  hard: number;
}

/** The least hard limit: a chunk must be able to hold a grapheme with a few marks. */
export const LEAST_LIMIT = 16;

/** A piece of a chunk in the making: a block, or a part of one. */
interface Piece extends Range {
  block: PlacedBlock;
  path: Path | undefined;
}

/**
 * Chunking `by_title` (spec 2 B). No chunk crosses a heading or a page, none overlaps another, none exceeds the hard
 * limit, and together they hold every character of the pages that is not white space. O(text).
 */
export function chunkPages(pages: PageText[], limits: ChunkLimits): ChunkDraft[] {
  const chunker = new Chunker(limits);
  for (const page of pages) chunker.addPage(page);
  return chunker.drafts;
}

class Chunker {
  readonly drafts: ChunkDraft[] = [];
  readonly #limits: ChunkLimits;
  #text = '';
  #page = 1;
  #open: Piece[] = [];
  #sectionTitle: string | null = null;
  #headingLevel: number | null = null;

  constructor(limits: ChunkLimits) {
    this.#limits = limits;
  }

  addPage({ page, text, blocks }: PageText): void {
    this.#page = page;
    this.#text = text;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!;
      if (block.start === block.end) continue;
      if (block.kind === 'heading') this.#addHeading(block);
      else if (block.kind === 'table') this.#addTable(block);
      else if (block.kind === 'list_item') {
        const list = listFrom(blocks, i);
        this.#addList(list);
        i += list.length - 1;
      } else this.#addUnit([block]);
    }
    this.#close();
  }

  #addHeading(block: PlacedBlock): void {
    this.#close();
    this.#sectionTitle = this.#text.slice(block.start, block.end);
    this.#headingLevel = block.level;
    this.#addPieces(block, splitText(this.#text, block.start, block.end, this.#limits));
  }

  /** List items stay together when they fit; a list above the hard limit is taken item by item. */
  #addList(items: PlacedBlock[]): void {
    const whole = items.at(-1)!.end - items[0]!.start <= this.#limits.hard;
    if (whole) this.#addUnit(items);
    else for (const item of items) this.#addUnit([item]);
  }

  /** Adds blocks that belong together: to the open chunk while it stays under the soft limit, else to a new one. */
  #addUnit(blocks: PlacedBlock[]): void {
    const start = blocks[0]!.start;
    const end = blocks.at(-1)!.end;
    const withOpen = end - (this.#open[0]?.start ?? start);
    // Every heading begins a chunk, so a heading that comes last is all there is.
    const onlyHeading = this.#open.at(-1)?.block.kind === 'heading';
    const fits = withOpen <= this.#limits.soft || (onlyHeading && withOpen <= this.#limits.hard);
    if (!fits && end - start > this.#limits.hard) {
      // A heading stays with the beginning of a long paragraph, unless it would leave that hardly any room.
      const room = onlyHeading ? this.#limits.hard - (start - this.#open[0]!.start) : 0;
      const keeps = onlyHeading && room >= Math.max(LEAST_LIMIT, this.#limits.soft / 2);
      if (!keeps) this.#close();
      this.#addPieces(blocks[0]!, splitText(this.#text, start, end, this.#limits, keeps ? room : undefined));
      return;
    }
    if (!fits) this.#close();
    for (const block of blocks) this.#open.push({ start: block.start, end: block.end, block, path: block.path });
  }

  /** Each piece but the first begins a chunk; the last stays open for what follows. */
  #addPieces(block: PlacedBlock, pieces: Range[]): void {
    const paths = linePaths(this.#text, block, pieces);
    pieces.forEach((piece, index) => {
      if (index > 0) this.#close();
      this.#open.push({ ...piece, block, path: paths[index] });
    });
  }

  /** A table is a chunk of its own; above the hard limit it becomes row groups that say so. */
  #addTable(block: PlacedBlock): void {
    this.#close();
    if (block.end - block.start <= this.#limits.hard) {
      this.#open.push({ start: block.start, end: block.end, block, path: block.path });
      this.#close();
      return;
    }
    const groups = rowGroups(this.#text, block, this.#limits);
    const header = block.table?.header;
    // A header as long as a chunk would multiply the document's size by the number of its parts.
    const carried = header && header.join('').length <= this.#limits.hard ? header : undefined;
    groups.forEach((group, index) => {
      this.#open.push({ start: group.start, end: group.end, block, path: block.path });
      this.#close({
        ...(carried && { tableHeader: carried }),
        tablePart: [index + 1, groups.length],
        path: rowsPath(block.path, group.rows, block.table?.cells.length ?? 0),
      });
    });
  }

  #close(extra: Partial<ChunkDraft> = {}): void {
    const pieces = this.#open;
    if (pieces.length === 0) return;
    this.#open = [];
    this.drafts.push({
      start: pieces[0]!.start,
      end: pieces.at(-1)!.end,
      page: this.#page,
      elementType: elementType(pieces),
      boxes: pieces.flatMap(boxesOf),
      path: mergePaths(pieces.map((piece) => piece.path)),
      sectionTitle: this.#sectionTitle,
      headingLevel: this.#headingLevel,
      ...extra,
    });
  }
}

/** The run of list items that begins at `blocks[from]`. */
function listFrom(blocks: PlacedBlock[], from: number): PlacedBlock[] {
  let to = from;
  while (blocks[to]?.kind === 'list_item') to++;
  return blocks.slice(from, to);
}

/** Rows packed up to the soft limit; a row longer than that is cut like a paragraph. */
function rowGroups(text: string, block: PlacedBlock, limits: ChunkLimits): (Range & { rows: [number, number] })[] {
  const groups: (Range & { rows: [number, number] })[] = [];
  let group: (Range & { rows: [number, number] }) | undefined;
  for (const { row, start, end } of block.rows) {
    if (group && end - group.start <= limits.soft) {
      group.end = end;
      group.rows[1] = row + 1;
      continue;
    }
    const pieces = end - start > limits.hard ? splitText(text, start, end, limits) : [{ start, end }];
    for (const piece of pieces) {
      group = { ...piece, rows: [row, row + 1] };
      groups.push(group);
    }
  }
  return groups;
}

function elementType(pieces: Piece[]): ElementType {
  const kinds = new Set(pieces.map(({ block }) => (block.kind === 'figure' ? 'figure_caption' : block.kind)));
  if (kinds.size > 1) kinds.delete('heading');
  return kinds.size === 1 ? [...kinds][0]! : 'paragraph';
}

/**
 * The boxes of a piece. Of a part of a block, the boxes in the same proportion: a block's boxes are its lines from top
 * to bottom, so this is right to a line, and parts of one block together never repeat all its boxes.
 */
function boxesOf({ block, start, end }: Piece): Box[] {
  const boxes = block.boxes.length === 0 && block.figureBox ? [block.figureBox] : block.boxes;
  if (start === block.start && end === block.end) return boxes;
  const share = boxes.length / (block.end - block.start);
  const from = Math.min(boxes.length - 1, Math.floor((start - block.start) * share));
  return boxes.slice(Math.max(0, from), Math.max(from + 1, Math.ceil((end - block.start) * share)));
}
