import type { FormatReader, Layout, LayoutBlock } from '../layout.ts';
import { countNonSpace } from '../text/count.ts';
import { decodeText } from '../text/decode.ts';
import { TEXT_VERSIONS } from '../text/versions.ts';
import { headingAt } from './headings.ts';
import { type LineGroup, lineGroups } from './lines.ts';
import { listItems, listStart } from './lists.ts';
import { paragraphText } from './reflow.ts';

/**
 * Reads a text file (spec 2 B): encoding detected, paragraphs between blank lines, re-flowed where they look wrapped,
 * simple headings and lists. Throws `FILE_CORRUPTED` for bytes that are no text. O(n).
 */
export const readTxt: FormatReader = async (bytes): Promise<Layout> => {
  const { text, encoding } = decodeText(bytes);
  const { blocks, markup } = textBlocks(lineGroups(text.replace(/^\uFEFF/, '')));
  return {
    pages: [{ page: 1, width: 0, height: 0, ocr: false, confidence: null, blocks }],
    hidden: [],
    dropped: [],
    sourceCharacters: countNonSpace(text) - markup,
    versions: { ...TEXT_VERSIONS, text_encoding: encoding },
  };
};

/** Code between ``` fences is shown as it stands. */
const FENCE = /^\s*(```|~~~)/;

/** The blocks, and the number of characters that only marked headings (`##`, `====`). */
function textBlocks(groups: LineGroup[]): { blocks: LayoutBlock[]; markup: number } {
  const blocks: LayoutBlock[] = [];
  let markup = 0;
  let fenced = false;
  groups.forEach((group, at) => {
    const fences = group.filter((line) => FENCE.test(line.text)).length;
    if (fenced || fences > 0) {
      blocks.push(linesBlock(group));
      if (fences % 2 === 1) fenced = !fenced;
      return;
    }
    markup += addGroup(blocks, group, groups[at - 1], groups[at + 1]);
  });
  return { blocks, markup };
}

/** Adds a group's headings and text; returns how many characters were heading markup. */
function addGroup(
  blocks: LayoutBlock[],
  group: LineGroup,
  before: LineGroup | undefined,
  after: LineGroup | undefined,
): number {
  let markup = 0;
  let at = 0;
  for (;;) {
    const heading = at < group.length ? headingAt(group, at, before, after) : undefined;
    if (!heading) break;
    const { level, text, lines } = heading;
    const path = { line: group[at]!.number, end_line: group[at + lines - 1]!.number };
    blocks.push({ kind: 'heading', level, text, path });
    for (const line of group.slice(at, at + lines)) markup += countNonSpace(line.text);
    markup -= countNonSpace(text);
    at += lines;
  }
  if (at < group.length) addText(blocks, group.slice(at));
  return markup;
}

/** A paragraph, a list, or a paragraph that introduces a list. */
function addText(blocks: LayoutBlock[], group: LineGroup): void {
  const start = listStart(group);
  const items = start < 0 ? undefined : listItems(group.slice(start));
  const lead = items ? group.slice(0, start) : group;
  if (lead.length > 0) {
    const path = { line: lead[0]!.number, end_line: lead.at(-1)!.number };
    blocks.push({ kind: 'paragraph', text: paragraphText(lead), path });
  }
  for (const { text, line, endLine } of items ?? []) {
    blocks.push({ kind: 'list_item', text, path: { line, end_line: endLine } });
  }
}

function linesBlock(group: LineGroup): LayoutBlock {
  const path = { line: group[0]!.number, end_line: group.at(-1)!.number };
  return { kind: 'paragraph', text: group.map((line) => line.text).join('\n'), path };
}
