import type { Box } from '../../document.ts';
import type { FigureBlock, LayoutBlock, TextBlock } from '../layout.ts';
import { bottom, right, roundBox } from '../lines/boxes.ts';
import type { PlacedBlock } from '../lines/types.ts';
import type { PageFrame } from './page-frame.ts';
import type { PageObjects } from './page-objects.ts';

/** Points: smaller pictures are logos, bullets and rules. */
const SMALL = 36;
/** Share of the page from which a picture is its background. */
const BACKGROUND = 0.85;
const MAX_FIGURES = 100;
/** Points between a figure and its caption at most. */
const CAPTION_DISTANCE = 48;

/**
 * The pictures of a page that are figures: large enough, not the page's background; pieces that overlap or touch are
 * one. Captions come later (`captionFigures`). O(images²) with at most a few hundred images.
 */
export function figuresOf(objects: PageObjects, frame: PageFrame): PlacedBlock[] {
  let boxes: Box[] = [];
  for (const image of objects.images.slice(0, 1000)) {
    const x = Math.max(0, image.box.x);
    const y = Math.max(0, image.box.y);
    const width = Math.min(frame.width, right(image.box)) - x;
    const height = Math.min(frame.height, bottom(image.box)) - y;
    if (width <= 1 || height <= 1) continue;
    if (width * height > BACKGROUND * frame.width * frame.height) continue;
    boxes = addMerged(boxes, { x, y, width, height });
  }
  return boxes
    .filter((box) => box.width >= SMALL && box.height >= SMALL)
    .slice(0, MAX_FIGURES)
    .map((box) => ({ box, block: { kind: 'figure', caption: '', box: roundBox(box) } satisfies FigureBlock }));
}

/** Adds a box; what it touches becomes part of it. */
function addMerged(boxes: readonly Box[], box: Box): Box[] {
  let grown = box;
  const apart = boxes.filter((other) => {
    const touches =
      other.x <= right(grown) + 1 &&
      right(other) >= grown.x - 1 &&
      other.y <= bottom(grown) + 1 &&
      bottom(other) >= grown.y - 1;
    if (!touches) return true;
    const x = Math.min(grown.x, other.x);
    const y = Math.min(grown.y, other.y);
    grown = {
      x,
      y,
      width: Math.max(right(grown), right(other)) - x,
      height: Math.max(bottom(grown), bottom(other)) - y,
    };
    return false;
  });
  return [...apart, grown];
}

/** Gives every figure the nearest caption below it, else above it; the caption's block goes into the figure. */
export function captionFigures(blocks: readonly LayoutBlock[]): LayoutBlock[] {
  const used = new Set<LayoutBlock>();
  const captioned = new Map<LayoutBlock, FigureBlock>();
  for (const block of blocks) {
    if (block.kind !== 'figure' || !block.box) continue;
    let best: { caption: TextBlock; distance: number } | undefined;
    for (const other of blocks) {
      if (other.kind !== 'figure_caption' || used.has(other)) continue;
      const distance = captionDistance(block.box, other.boxes?.[0]);
      if (distance <= CAPTION_DISTANCE && (!best || distance < best.distance)) best = { caption: other, distance };
    }
    if (!best) continue;
    used.add(best.caption);
    captioned.set(block, {
      ...block,
      caption: best.caption.text,
      ...(best.caption.boxes && { boxes: best.caption.boxes }),
    });
  }
  return blocks.filter((block) => !used.has(block)).map((block) => captioned.get(block) ?? block);
}

/** Points from a figure down to a caption; upwards counts a little more, beside it not at all. */
function captionDistance(figure: Box, caption: Box | undefined): number {
  if (!caption || caption.x > right(figure) + 20 || right(caption) < figure.x - 20) return Number.POSITIVE_INFINITY;
  if (caption.y >= figure.y + figure.height / 2) return Math.max(0, caption.y - bottom(figure));
  return Math.max(0, figure.y - bottom(caption)) + 12;
}
