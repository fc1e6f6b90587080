import type { Box } from '../../document.ts';

/** Affine map of PDF: x' = a·x + c·y + e, y' = b·x + d·y + f. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** `first`, then `then`. */
export function multiply(first: Matrix, then: Matrix): Matrix {
  const [a, b, c, d, e, f] = first;
  const [A, B, C, D, E, F] = then;
  return [a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F];
}

export function apply(m: Matrix, x: number, y: number): [number, number] {
  return [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
}

/** The upright page: points from its top left, after crop box and `/Rotate`. */
export interface PageFrame {
  width: number;
  height: number;
  /** From the page's own coordinates to the upright page. */
  matrix: Matrix;
}

/**
 * The frame of a page whose visible box is [left, bottom, right, top] in page coordinates and that is turned clockwise
 * by `rotation` quarter turns.
 */
export function pageFrame(left: number, bottom: number, right: number, top: number, rotation: number): PageFrame {
  const wide = right - left;
  const high = top - bottom;
  switch (((rotation % 4) + 4) % 4) {
    case 1:
      return { width: high, height: wide, matrix: [0, 1, 1, 0, -bottom, -left] };
    case 2:
      return { width: wide, height: high, matrix: [-1, 0, 0, 1, right, -bottom] };
    case 3:
      return { width: high, height: wide, matrix: [0, -1, -1, 0, top, right] };
    default:
      return { width: wide, height: high, matrix: [1, 0, 0, -1, -left, top] };
  }
}

/** A box of the turned frame, back in the upright page. `page` is the upright page's frame. */
export function turnBack(box: Box, page: PageFrame, quarters: number): Box {
  const { x, y, width, height } = box;
  switch (((quarters % 4) + 4) % 4) {
    case 1:
      return { x: page.width - y - height, y: x, width: height, height: width };
    case 2:
      return { x: page.width - x - width, y: page.height - y - height, width, height };
    case 3:
      return { x: y, y: page.height - x - width, width: height, height: width };
    default:
      return box;
  }
}

/** Bounding box of a rectangle after `matrix`. Written out because it runs for every character. */
export function mapRect(matrix: Matrix, left: number, bottom: number, right: number, top: number): Box {
  const [a, b, c, d, e, f] = matrix;
  const x0 = a * left + c * bottom;
  const x1 = a * right + c * bottom;
  const x2 = a * left + c * top;
  const x3 = a * right + c * top;
  const y0 = b * left + d * bottom;
  const y1 = b * right + d * bottom;
  const y2 = b * left + d * top;
  const y3 = b * right + d * top;
  const x = Math.min(x0, x1, x2, x3);
  const y = Math.min(y0, y1, y2, y3);
  return { x: x + e, y: y + f, width: Math.max(x0, x1, x2, x3) - x, height: Math.max(y0, y1, y2, y3) - y };
}
