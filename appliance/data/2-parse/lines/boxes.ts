import type { Box } from '../../document.ts';

/** Right edge. */
export function right(box: Box): number {
  return box.x + box.width;
}

/** Lower edge (y grows downwards). */
export function bottom(box: Box): number {
  return box.y + box.height;
}

/** The smallest box around all of `boxes`, which must not be empty. */
export function around(boxes: readonly Box[]): Box {
  let x0 = Number.POSITIVE_INFINITY;
  let y0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  let y1 = Number.NEGATIVE_INFINITY;
  for (const box of boxes) {
    x0 = Math.min(x0, box.x);
    y0 = Math.min(y0, box.y);
    x1 = Math.max(x1, right(box));
    y1 = Math.max(y1, bottom(box));
  }
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

/** The box with every number rounded to 0.01, as documents store it. */
export function roundBox(box: Box): Box {
  return { x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height) };
}

function round(value: number): number {
  // `+ 0` turns -0 into 0, so that equal boxes serialise alike.
  return Math.round(value * 100) / 100 + 0;
}

/** Length of the common part of two intervals, 0 when they do not meet. */
export function overlap(a0: number, a1: number, b0: number, b1: number): number {
  return Math.max(0, Math.min(a1, b1) - Math.max(a0, b0));
}

/** True when the vertical extents share at least half of the smaller one: both stand on one row. */
export function sameRow(a: Box, b: Box): boolean {
  const shared = overlap(a.y, bottom(a), b.y, bottom(b));
  return shared > 0.5 * Math.min(a.height, b.height);
}

/** The middle value (lower one of two) of `values`, or `fallback` when there is none. O(n log n). */
export function median(values: readonly number[], fallback: number): number {
  if (values.length === 0) return fallback;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? fallback;
}
