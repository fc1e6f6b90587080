import { around, bottom, median, right, sameRow } from './boxes.ts';
import type { Row, TextLine } from './types.ts';

/**
 * Joins the pieces of one region that stand on one row, top to bottom. O(n log n) for text in rows.
 * Pieces closer than an eighth of the type size are glued (raised numbers), others get a space.
 */
export function rowsOf(lines: readonly TextLine[]): Row[] {
  const sorted = [...lines].sort((a, b) => a.box.y - b.box.y || a.box.x - b.box.x);
  const groups: TextLine[][] = [];
  for (const line of sorted) {
    // A small raised piece starts above its row, so the last few rows are candidates.
    let home: TextLine[] | undefined;
    for (let i = groups.length - 1; i >= Math.max(0, groups.length - 4); i--) {
      const group = groups[i];
      if (group?.some((other) => sameRow(other.box, line.box))) {
        home = group;
        break;
      }
    }
    if (home && home.length < 500) home.push(line);
    else groups.push([line]);
  }
  return groups.map(rowOf).sort((a, b) => bottom(a.box) - bottom(b.box) || a.box.x - b.box.x);
}

/** Type sizes from one row to the next: double-spaced text has 2.3, more is no running text. */
const MAX_LEADING = 2.5;

/** Type size of a line: known, or three quarters of the height of its box. */
export function sizeOf(line: TextLine): number {
  return line.fontSize ?? line.box.height * 0.75;
}

function rowOf(pieces: TextLine[]): Row {
  const rtl = weight(pieces, (piece) => piece.rtl === true) > 0.5;
  pieces.sort((a, b) => (rtl ? right(b.box) - right(a.box) : a.box.x - b.box.x));
  const size = mainSize(pieces);
  let text = '';
  let previous: TextLine | undefined;
  for (const piece of pieces) {
    if (previous) {
      const gap = rtl ? previous.box.x - right(piece.box) : piece.box.x - right(previous.box);
      if (gap > size / 8 || gap < -size / 2) text += ' ';
    }
    text += piece.text;
    previous = piece;
  }
  return {
    text,
    box: around(pieces.map((piece) => piece.box)),
    size,
    sized: pieces.every((piece) => piece.fontSize !== undefined),
    bold: weight(pieces, (piece) => piece.bold === true) > 0.85,
    italic: weight(pieces, (piece) => piece.italic === true) > 0.85,
    rtl,
  };
}

/** Size of the piece with the most characters. */
function mainSize(pieces: readonly TextLine[]): number {
  let best = pieces[0];
  for (const piece of pieces) if (piece.text.length > (best?.text.length ?? 0)) best = piece;
  return best ? sizeOf(best) : 10;
}

function weight(pieces: readonly TextLine[], test: (piece: TextLine) => boolean): number {
  let yes = 0;
  let all = 0;
  for (const piece of pieces) {
    all += piece.text.length;
    if (test(piece)) yes += piece.text.length;
  }
  return all === 0 ? 0 : yes / all;
}

/** The usual distance from one row's lower edge to the next, or 1.2 times the size where there is only one row. */
export function leadingOf(rows: readonly Row[]): number {
  const steps: number[] = [];
  for (let i = 1; i < rows.length; i++) {
    const above = rows[i - 1]!;
    const below = rows[i]!;
    const step = bottom(below.box) - bottom(above.box);
    if (
      step > 0.5 * below.size &&
      step < MAX_LEADING * below.size &&
      Math.abs(above.size - below.size) < 0.1 * below.size
    ) {
      steps.push(step);
    }
  }
  return median(steps, 1.2 * (rows[0]?.size ?? 10));
}
