import { bottom, right } from './boxes.ts';
import { isFigureCaption, isTableTitle } from './captions.ts';
import { listMarker } from './list-markers.ts';
import { leadingOf } from './rows.ts';
import type { Row } from './types.ts';

/** Rows that belong together, before it is decided whether they are a heading. */
export interface Draft {
  rows: Row[];
  kind: 'text' | 'list' | 'caption';
}

/** How many rows above and below tell where a column ends on the right. */
const NEIGHBOURS = 6;
const ENDS_SENTENCE = /[.!?:;]["'\u201D\u2019)\]]*(?:\s*\d{1,2})?$/u;
/** A number cut at its hyphen or slash goes on in the next line, however short this one is. */
const CUT_NUMBER = /\p{Nd}[-\u2010\u2011/]$/u;
const STARTS_WITH_DIGIT = /^\p{Nd}/u;
const STARTS_LOW = /^["'\u201C\u2018(]?\p{Ll}/u;

/** Groups the rows of one column into paragraphs and list items. O(rows). */
export function paragraphsOf(rows: readonly Row[]): Draft[] {
  const drafts: Draft[] = [];
  const leading = leadingOf(rows);
  let draft: Draft | undefined;
  rows.forEach((row, i) => {
    const previous = rows[i - 1];
    if (draft && previous && continues(draft, previous, row, leading, columnRight(rows, i - 1))) {
      draft.rows.push(row);
      return;
    }
    draft = { rows: [row], kind: kindOf(row) };
    drafts.push(draft);
  });
  return drafts;
}

function kindOf(row: Row): Draft['kind'] {
  if (isFigureCaption(row.text)) return 'caption';
  return listMarker(row.text) === null ? 'text' : 'list';
}

/** Where lines around row `at` end: the right edge of the column as this text uses it. */
function columnRight(rows: readonly Row[], at: number): number {
  let edge = Number.NEGATIVE_INFINITY;
  for (let i = Math.max(0, at - NEIGHBOURS); i <= Math.min(rows.length - 1, at + NEIGHBOURS); i++) {
    edge = Math.max(edge, right(rows[i]!.box));
  }
  return edge;
}

/** True when `row` goes on with the paragraph that ends with `previous`. */
function continues(draft: Draft, previous: Row, row: Row, leading: number, edge: number): boolean {
  if (!sameType(previous, row)) return false;
  const size = Math.max(previous.size, row.size);
  const step = bottom(row.box) - bottom(previous.box);
  const usual = Math.max(leading, 1.05 * size);
  if (step > 1.3 * usual + 0.5 && step > 0.25 * size) return false;
  if (isFigureCaption(row.text) || isTableTitle(row.text)) return false;
  if (startsItem(draft, previous, row, edge)) return false;
  if (centred(previous, row)) return true;
  if (row.rtl || previous.rtl) return !endsEarlyRtl(draft, previous, row);
  return !indentBreaks(draft, previous, row, size) && !endsEarly(draft, previous, row, edge, size);
}

/** Same size and weight, with tolerance where sizes are estimates. */
function sameType(a: Row, b: Row): boolean {
  const tolerance = a.sized && b.sized ? 0.13 : 0.45;
  if (Math.abs(a.size - b.size) > tolerance * Math.max(a.size, b.size)) return false;
  if (a.bold === b.bold && (a.italic === b.italic || a.text.length > 80 || b.text.length > 80)) return true;
  // A sentence whose emphasis happens to fill a line goes on in lower case.
  return STARTS_LOW.test(b.text) && !ENDS_SENTENCE.test(a.text) && a.text.length > 40;
}

function startsItem(draft: Draft, previous: Row, row: Row, edge: number): boolean {
  const marker = listMarker(row.text);
  if (marker === null) return false;
  if (marker === 'bullet') return true;
  if (draft.kind === 'list')
    return row.box.x < draft.rows[0]!.box.x + 2 * row.size || ENDS_SENTENCE.test(previous.text);
  return ENDS_SENTENCE.test(previous.text) || right(previous.box) < edge - 0.15 * previous.box.width;
}

function centred(a: Row, b: Row): boolean {
  const middleA = a.box.x + a.box.width / 2;
  const middleB = b.box.x + b.box.width / 2;
  return Math.abs(middleA - middleB) < 2 && Math.abs(a.box.x - b.box.x) > 3;
}

/** The row's left edge says that something new begins (first-line indent, or the end of a hanging indent). */
function indentBreaks(draft: Draft, previous: Row, row: Row, size: number): boolean {
  const shift = row.box.x - previous.box.x;
  if (Math.abs(shift) < 0.8 * size) return false;
  if (draft.rows.length === 1) {
    // The second line of an item or of a hanging paragraph is indented, that of an indented paragraph is not.
    if (shift < 0) return draft.kind === 'list' && shift < -2 * size;
    return draft.kind === 'text' && !STARTS_LOW.test(row.text) && ENDS_SENTENCE.test(previous.text);
  }
  return shift > 0 ? !STARTS_LOW.test(row.text) : true;
}

/** The first word of `row` would have had room on the line before: its writer ended the line on purpose. */
function endsEarly(draft: Draft, previous: Row, row: Row, edge: number, size: number): boolean {
  const room = edge - right(previous.box);
  if (room < 2 * size) return false;
  if (CUT_NUMBER.test(previous.text) && STARTS_WITH_DIGIT.test(row.text)) return false;
  const space = row.text.indexOf(' ');
  const first = space < 0 ? row.text.length : space;
  const width = (row.box.width * first) / Math.max(1, row.text.length);
  if (room < 1.25 * width + size) return false;
  if (STARTS_LOW.test(row.text) && !ENDS_SENTENCE.test(previous.text)) return false;
  // Ragged text ends lines early now and then; a heading's lines even more so.
  if (draft.kind === 'list' && row.box.x > draft.rows[0]!.box.x + 0.5 * size) return false;
  return ENDS_SENTENCE.test(previous.text) || room > 0.3 * (edge - previous.box.x);
}

function endsEarlyRtl(draft: Draft, previous: Row, row: Row): boolean {
  const edge = Math.min(row.box.x, ...draft.rows.slice(-NEIGHBOURS).map((other) => other.box.x));
  return previous.box.x - edge > 0.3 * previous.box.width && ENDS_SENTENCE.test(previous.text);
}
