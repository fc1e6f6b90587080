import type { PageCharacter, TextRun } from './page-characters.ts';
import type { PageFrame } from './page-frame.ts';
import type { Pdfium } from './pdfium.ts';
import { type PagePixels, renderForCompare } from './render-page.ts';

/** A pixel counts as changed when one of its colours differs by more than this (of 255). */
const CHANGED = 24;
/** Share of a character's box that its ink fills at least. */
const INK = 0.008;

/**
 * Decides by the picture whether suspect text can be seen: the page is rendered with and without it, and a character
 * whose place does not change leaves no ink. Returns the characters without ink; all of them when the page cannot be
 * rendered, because unseen text must not pass. Two renderings of at most 4 million pixels, then one step a character.
 */
export function withoutInk(
  pdfium: Pdfium,
  page: number,
  frame: PageFrame,
  suspects: ReadonlyMap<TextRun, PageCharacter[]>,
): Set<PageCharacter> {
  const all = new Set([...suspects.values()].flat());
  const before = renderForCompare(pdfium, page, frame.width, frame.height);
  if (before === null) return all;
  const switched = [...suspects.keys()].filter((run) => pdfium.FPDFPageObj_SetIsActive(run.object, 0) !== 0);
  const after = renderForCompare(pdfium, page, frame.width, frame.height);
  for (const run of switched) pdfium.FPDFPageObj_SetIsActive(run.object, 1);
  if (after === null) return all;
  const changes = changesBetween(before, after);
  const unseen = new Set<PageCharacter>();
  for (const [, characters] of suspects) {
    const blank = characters.filter((character) => !hasInk(changes, character));
    // Dots and thin strokes may leave next to nothing, so the run as a whole decides when it is clear.
    if (blank.length < 0.15 * characters.length) continue;
    const hidden = blank.length > 0.85 * characters.length ? characters : blank;
    for (const character of hidden) unseen.add(character);
  }
  return unseen;
}

/** How many pixels changed above and to the left of each place: any rectangle is then counted in one step. */
interface Changes {
  /** (width + 1) × (height + 1) sums. */
  sums: Uint32Array;
  width: number;
  height: number;
  scale: number;
}

function changesBetween(before: PagePixels, after: PagePixels): Changes {
  const { width, height, scale } = before;
  const sums = new Uint32Array((width + 1) * (height + 1));
  const a = before.data;
  const b = after.data;
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const differs =
        Math.abs(a[at]! - b[at]!) > CHANGED ||
        Math.abs(a[at + 1]! - b[at + 1]!) > CHANGED ||
        Math.abs(a[at + 2]! - b[at + 2]!) > CHANGED;
      if (differs) row++;
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1]! + row;
    }
  }
  return { sums, width, height, scale };
}

function hasInk({ sums, width, height, scale }: Changes, character: PageCharacter): boolean {
  const x0 = clamp(Math.floor(character.x0 * scale), width);
  const x1 = clamp(Math.ceil(character.x1 * scale), width);
  const y0 = clamp(Math.floor(character.y0 * scale), height);
  const y1 = clamp(Math.ceil(character.y1 * scale), height);
  const row = width + 1;
  const changed = sums[y1 * row + x1]! - sums[y0 * row + x1]! - sums[y1 * row + x0]! + sums[y0 * row + x0]!;
  return changed >= Math.max(1, INK * (x1 - x0) * (y1 - y0));
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
