import type { Box } from '../../document.ts';
import type { LayoutBlock } from '../layout.ts';
import { bottom, roundBox } from './boxes.ts';
import { separateFurniture } from './furniture.ts';
import { type HeadingStyles, headingLevel, headingStyles } from './headings.ts';
import { cleanLine, joinLines, type Vocabulary, vocabularyOf } from './join-text.ts';
import { type Draft, paragraphsOf } from './paragraphs.ts';
import { type OrderItem, readingRegions } from './reading-order.ts';
import { rowsOf } from './rows.ts';
import type { LinesPage, LinesResult, PlacedBlock, Row, TextLine } from './types.ts';

interface Item extends OrderItem {
  line?: TextLine;
  placed?: PlacedBlock;
}

/** A step of the page in reading order: text of one column, or a finished block. `flow` numbers the columns. */
type Step = { draft: Draft; flow: number } | { placed: PlacedBlock };

/**
 * Turns the lines of a document's pages into blocks in reading order (spec 2 B): running headers, footers and page
 * numbers are set apart, columns are read one after the other, lines become paragraphs, list items, captions and
 * headings with levels relative to the document's body type. Finished blocks (tables, figures) take their place.
 * Lines that do not stand upright come after the upright ones. Pure; O(n log n) in the number of lines.
 */
export function linesToBlocks(pages: readonly LinesPage[]): LinesResult {
  const cleaned = pages.map((page) => ({
    ...page,
    lines: page.lines
      .map((line) => ({ ...line, text: cleanLine(line.text) }))
      .filter(
        (line) => line.text !== '' && Number.isFinite(line.box.x + line.box.y + line.box.width + line.box.height),
      ),
  }));
  const { kept, furniture } = separateFurniture(cleaned);
  const steps = cleaned.map((page, index) => stepsOf(kept[index] ?? [], page.placed ?? []));
  const drafts = steps.flat().flatMap((step) => ('draft' in step ? [step.draft] : []));
  const styles = headingStyles(drafts);
  const vocabulary = vocabularyOf(cleaned.flatMap((page) => page.lines.map((line) => line.text)));
  return {
    pages: cleaned.map((page, index) => ({
      page: page.page,
      blocks: blocksOf(steps[index] ?? [], styles, vocabulary),
    })),
    furniture: furniture.map((piece) => ({ ...piece, box: roundBox(piece.box) })),
  };
}

function stepsOf(lines: readonly TextLine[], placed: readonly PlacedBlock[]): Step[] {
  const items: Item[] = [
    ...lines
      .filter((line) => line.rotated !== true)
      .map((line) => ({ box: line.box, characters: line.text.length, block: false, line })),
    ...placed.map((block) => ({ box: block.box, characters: 0, block: true, placed: block })),
  ];
  const steps: Step[] = [];
  const regions = readingRegions(items);
  regions.forEach((region, flow) => {
    let open: TextLine[] = [];
    const flush = (): void => {
      for (const draft of paragraphsOf(rowsOf(open))) steps.push({ draft, flow });
      open = [];
    };
    for (const item of region) {
      if (item.line) open.push(item.line);
      else if (item.placed) {
        flush();
        steps.push({ placed: item.placed });
      }
    }
    flush();
  });
  const turned = lines.filter((line) => line.rotated === true).sort((a, b) => a.box.x - b.box.x || a.box.y - b.box.y);
  turned.forEach((line, i) => {
    for (const row of rowsOf([line])) steps.push({ draft: { rows: [row], kind: 'text' }, flow: regions.length + i });
  });
  return steps;
}

function blocksOf(steps: readonly Step[], styles: HeadingStyles, vocabulary: Vocabulary): LayoutBlock[] {
  const blocks: LayoutBlock[] = [];
  let previous: { draft: Draft; flow: number; block: LayoutBlock } | undefined;
  for (const step of steps) {
    if ('placed' in step) {
      blocks.push(step.placed.block);
      continue;
    }
    const { draft, flow } = step;
    const level = headingLevel(draft, styles);
    if (previous && level === null && flow !== previous.flow && goesOn(previous.draft, previous.block, draft)) {
      const rows = [...previous.draft.rows, ...draft.rows];
      previous.draft.rows = rows;
      previous.flow = flow;
      Object.assign(previous.block, { text: textOf(rows, vocabulary), boxes: boxesOf(rows) });
      continue;
    }
    const block = blockOf(draft, level, vocabulary);
    blocks.push(block);
    previous = { draft, flow, block };
  }
  return blocks;
}

function blockOf(draft: Draft, level: number | null, vocabulary: Vocabulary): LayoutBlock {
  const text = textOf(draft.rows, vocabulary);
  const boxes = boxesOf(draft.rows);
  if (level !== null) return { kind: 'heading', level, text, boxes };
  if (draft.kind === 'caption') return { kind: 'figure_caption', text, boxes };
  return { kind: draft.kind === 'list' ? 'list_item' : 'paragraph', text, boxes };
}

/** A paragraph that breaks off at the end of a column goes on at the top of the next one. */
function goesOn(before: Draft, block: LayoutBlock, after: Draft): boolean {
  if (block.kind !== 'paragraph' && block.kind !== 'list_item') return false;
  if (after.kind !== 'text') return false;
  const last = before.rows.at(-1);
  const first = after.rows[0];
  if (!last || !first || Math.abs(last.size - first.size) > 0.1 * last.size || last.bold !== first.bold) return false;
  if (bottom(first.box) > bottom(last.box)) return false;
  return /^\p{Ll}/u.test(first.text) && !/[.!?:]["'\u201D\u2019)\]]*$/u.test(last.text);
}

function textOf(rows: readonly Row[], vocabulary: Vocabulary): string {
  return joinLines(
    rows.map((row) => row.text),
    vocabulary,
  );
}

function boxesOf(rows: readonly Row[]): Box[] {
  return rows.map((row) => roundBox(row.box));
}
