import type { Box, Path } from '../../document.ts';
import type { LayoutBlock, LayoutPage } from '../layout.ts';
import { cleanLine, cleanText } from './clean-text.ts';
import type { Range } from './split-text.ts';
import { type CleanTable, cleanTable } from './table-text.ts';

/** A block's place in its page's canonical text. */
export interface PlacedBlock extends Range {
  kind: LayoutBlock['kind'];
  boxes: Box[];
  path: Path | undefined;
  /** Headings only: 1–9. */
  level: number;
  table: CleanTable | undefined;
  /** Tables only: where each row that has text stands. */
  rows: (Range & { row: number })[];
  /** Figures only. */
  figureBox: Box | undefined;
}

export interface PageText {
  page: number;
  text: string;
  blocks: PlacedBlock[];
}

/**
 * The canonical text of a page and the place of each block in it (spec 2 B): blocks joined by a blank line, list items
 * by a line break, table rows by a line break and cells by " | ". Blocks without text are left out, except figures,
 * which stand at an empty range. O(n).
 */
export function composePage(page: LayoutPage): PageText {
  const parts: string[] = [];
  const blocks: PlacedBlock[] = [];
  let length = 0;
  let previous: LayoutBlock['kind'] | undefined;
  for (const block of page.blocks) {
    const table = block.kind === 'table' ? cleanTable(block) : undefined;
    const text = table?.text ?? blockText(block);
    const placed: PlacedBlock = {
      kind: block.kind,
      start: length,
      end: length,
      boxes: (block.boxes ?? []).map(roundBox),
      path: block.path,
      level: block.kind === 'heading' ? Math.min(9, Math.max(1, Math.trunc(block.level) || 1)) : 0,
      table,
      rows: [],
      figureBox: block.kind === 'figure' && block.box ? roundBox(block.box) : undefined,
    };
    if (text === '') {
      if (block.kind === 'figure') blocks.push(placed);
      continue;
    }
    if (length > 0) {
      const separator = previous === 'list_item' && block.kind === 'list_item' ? '\n' : '\n\n';
      parts.push(separator);
      length += separator.length;
    }
    parts.push(text);
    placed.start = length;
    placed.end = length + text.length;
    if (table)
      placed.rows = table.rows.map(({ row, start, end }) => ({ row, start: length + start, end: length + end }));
    length = placed.end;
    previous = block.kind;
    blocks.push(placed);
  }
  return { page: page.page, text: parts.join(''), blocks };
}

function blockText(block: LayoutBlock): string {
  if (block.kind === 'table') return '';
  if (block.kind === 'figure') return cleanLine(block.caption);
  return block.kind === 'heading' ? cleanLine(block.text) : cleanText(block.text);
}

/** A box with its numbers rounded to 0.01 (the canonical document's precision). */
export function roundBox(box: Box): Box {
  const round = (value: number) => (Number.isFinite(value) ? Math.round(value * 100) / 100 || 0 : 0);
  return { x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height) };
}
