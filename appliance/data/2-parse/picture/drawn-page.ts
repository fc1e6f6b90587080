import type { Box } from '../../document.ts';
import type { ReadOptions } from '../layout.ts';
import type { Pixels } from './write-png.ts';

/** A page as its format draws it; its size in points is what boxes are measured in. */
export interface DrawnPage extends Pixels {
  points: { width: number; height: number };
}

/** Draws a page (1-based), at most so many pixels wide; null where the file has no such page, or it cannot be drawn. */
export type PageDrawer = (
  bytes: Uint8Array,
  at: { page: number; width: number },
  options: ReadOptions,
) => Promise<DrawnPage | null>;

/** Beyond a box, in points: letters reach out of the lines that they stand on. */
const REACH = 1.5;
/** Neither black, which might be ink, nor white, which might be nothing. */
const COVER = 0x55;

/** A shade off paper: that something is left out here is seen, and what is shown is read. */
const LEFT_OUT = 0xec;

/** Paints over what must not be seen. What is below is gone: the picture holds it nowhere. O(pixels in the boxes). */
export function coverBoxes(picture: DrawnPage, boxes: readonly Box[]): void {
  for (const [from, to] of rowsIn(picture, boxes)) picture.data.fill(COVER, from, to);
}

/** Leaves nothing to be seen but what lies in these boxes. O(pixels). */
export function showBoxes(picture: DrawnPage, boxes: readonly Box[]): void {
  const whole = Uint8Array.from(picture.data);
  picture.data.fill(LEFT_OUT);
  for (const [from, to] of rowsIn(picture, boxes)) picture.data.set(whole.subarray(from, to), from);
}

/** Where each row of each box begins and ends in the picture's data. */
function* rowsIn({ width, height, channels, points }: DrawnPage, boxes: readonly Box[]): Generator<[number, number]> {
  const [across, down] = [width / points.width, height / points.height];
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  for (const box of boxes) {
    const [left, right] = [Math.floor((box.x - REACH) * across), Math.ceil((box.x + box.width + REACH) * across)];
    const [top, bottom] = [Math.floor((box.y - REACH) * down), Math.ceil((box.y + box.height + REACH) * down)];
    for (let y = within(top, height); y < within(bottom, height); y++)
      yield [(y * width + within(left, width)) * channels, (y * width + within(right, width)) * channels];
  }
}
