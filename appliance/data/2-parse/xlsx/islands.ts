import type { Area } from './sheet.ts';

/** Cuts deeper than this are drawings in cells, not tables; the bound keeps the work O(n log n) for any input. */
const DEEPEST_CUT = 24;

/**
 * Groups areas (cells, merged areas) into islands: the parts of a grid that wholly empty rows or columns separate, found
 * by cutting along empty rows, then columns, and again inside each part. Islands in reading order, top to bottom, then
 * left to right.
 */
export function findIslands<T extends Area>(areas: T[]): T[][] {
  return cut(areas, true, DEEPEST_CUT, false);
}

function cut<T extends Area>(areas: T[], byRow: boolean, depth: number, otherWayWhole: boolean): T[][] {
  if (areas.length === 0) return [];
  const parts = byRow ? split(areas, 'row0', 'row1') : split(areas, 'column0', 'column1');
  if (parts.length === 1 && otherWayWhole) return parts;
  if (depth === 0) return parts;
  return parts.flatMap((part) => cut(part, !byRow, depth - 1, parts.length === 1));
}

/** The groups between gaps along one axis, in order. */
function split<T extends Area>(areas: T[], from: 'row0' | 'column0', to: 'row1' | 'column1'): T[][] {
  const sorted = [...areas].sort((a, b) => a[from] - b[from]);
  const parts: T[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const area of sorted) {
    if (area[from] > end + 1) parts.push([]);
    parts.at(-1)!.push(area);
    end = Math.max(end, area[to]);
  }
  return parts;
}
