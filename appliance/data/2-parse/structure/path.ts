import type { Path } from '../../document.ts';
import { cellRange, parseRange } from '../text/cell-range.ts';

/** The path of a chunk made of blocks with these paths: where it begins, and the last line where lines are known. */
export function mergePaths(paths: (Path | undefined)[]): Path | undefined {
  const known = paths.filter((path) => path !== undefined);
  const first = known[0];
  const last = known.at(-1);
  if (!first || !last || first === last) return first;
  const endLine = last.end_line ?? last.line;
  const merged: Path = { ...first };
  if (first.line !== undefined && endLine !== undefined) merged.end_line = Math.max(endLine, first.line);
  if (first.sheet === last.sheet && first.range && last.range && first.range !== last.range) {
    const from = parseRange(first.range);
    const to = parseRange(last.range);
    if (from && to) {
      merged.range = cellRange(
        Math.min(from.row0, to.row0),
        Math.min(from.column0, to.column0),
        Math.max(from.row1, to.row1),
        Math.max(from.column1, to.column1),
      );
    }
  }
  return merged;
}

/**
 * The path of rows [from, to) of a table with `rowCount` rows: its cell range narrowed to them, when the range is as
 * high as the table (it is higher where hidden rows were taken out: then the whole range is the honest answer).
 */
export function rowsPath(path: Path | undefined, [from, to]: [number, number], rowCount: number): Path | undefined {
  const range = path?.range === undefined ? undefined : parseRange(path.range);
  if (!path || !range || range.row1 - range.row0 + 1 !== rowCount) return path;
  return { ...path, range: cellRange(range.row0 + from, range.column0, range.row0 + to - 1, range.column1) };
}

/**
 * The paths of the parts of a block that says its lines: each part its own lines, when the block still has all of them
 * (it has fewer where it was re-flowed: then the whole block's lines are the honest answer). O(block).
 */
export function linePaths(
  text: string,
  block: { start: number; end: number; path: Path | undefined },
  pieces: { start: number; end: number }[],
): (Path | undefined)[] {
  const { path } = block;
  const all = pieces.map(() => path);
  if (path?.line === undefined || path.end_line === undefined || pieces.length < 2) return all;
  if (lineBreaks(text, block.start, block.end) !== path.end_line - path.line) return all;
  let line = path.line;
  let at = block.start;
  return pieces.map(({ start, end }) => {
    const first = line + lineBreaks(text, at, start);
    line = first + lineBreaks(text, start, end);
    at = end;
    return { ...path, line: first, end_line: line };
  });
}

/** Line breaks in `text[start, end)`. Looks no further, so that parts of one long line cost no more than their length. */
function lineBreaks(text: string, start: number, end: number): number {
  const part = text.slice(start, end);
  let count = 0;
  for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) count++;
  return count;
}
