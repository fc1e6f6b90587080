import { right } from '../lines/boxes.ts';
import type { TextLine } from '../lines/types.ts';
import type { OcrLine, OcrPage } from '../ocr/types.ts';
import type { PageCharacters } from './page-characters.ts';
import type { PageFrame } from './page-frame.ts';
import type { PageObjects } from './page-objects.ts';

/**
 * How a page's text is to be had. `text`: from its characters. `ocr`: from the picture alone. `layer`: from the
 * invisible layer of an earlier recognition, if the picture agrees with it. `both`: a picture of a page with some
 * printed text over it, such as a stamp.
 */
export type PageNature = 'text' | 'ocr' | 'layer' | 'both';

/** Share of the page that a picture covers when the page is a scan. */
const SCAN = 0.65;
/** Visible characters up to which a scan's own text counts as stamps over it. */
const STAMPS = 150;
/** Drawn paths from which a page without text may hold outlined letters. */
const DRAWING = 20;
/** Share of the layer's words that recognition must find too. */
const AGREEMENT = 0.6;

/** Decides how the page is read, from what is visible, what is drawn invisibly (mode 3), and what is drawn. */
export function natureOf(visible: number, invisible: number, objects: PageObjects, frame: PageFrame): PageNature {
  const cover = pictureCover(objects, frame);
  if (visible === 0 && invisible === 0) {
    return objects.images.length > 0 || objects.paths >= DRAWING ? 'ocr' : 'text';
  }
  if (cover < SCAN) return visible === 0 && objects.images.length > 0 ? 'ocr' : 'text';
  if (invisible >= 10 && visible <= 0.25 * invisible) return 'layer';
  return visible <= STAMPS ? 'both' : 'text';
}

/** Share of the page under pictures, 0–1; overlapping pictures count once where they are strips of one scan. */
function pictureCover(objects: PageObjects, frame: PageFrame): number {
  const area = frame.width * frame.height;
  if (area <= 0) return 0;
  let sum = 0;
  let largest = 0;
  for (const { box } of objects.images) {
    const wide = Math.min(frame.width, right(box)) - Math.max(0, box.x);
    const high = Math.min(frame.height, box.y + box.height) - Math.max(0, box.y);
    if (wide <= 0 || high <= 0) continue;
    sum += wide * high;
    largest = Math.max(largest, wide * high);
  }
  return Math.max(largest / area, Math.min(1, sum / area));
}

/** True when at least 60 % of the layer's words stand in the recognised text as well. */
export function layerAgrees(layer: PageCharacters, recognised: OcrPage): boolean {
  const found = new Map<string, number>();
  for (const word of words(recognised.lines.map((line) => line.text).join(' '))) {
    found.set(word, (found.get(word) ?? 0) + 1);
  }
  const wanted = words(
    layer.characters.map((character, i) => (layer.spaceBefore[i] ? ` ${character.text}` : character.text)).join(''),
  );
  if (wanted.length === 0) return false;
  let hits = 0;
  for (const word of wanted) {
    const left = found.get(word) ?? 0;
    if (left === 0) continue;
    found.set(word, left - 1);
    hits++;
  }
  return hits >= AGREEMENT * wanted.length;
}

/**
 * Splits an agreeing layer by its lines: those that the picture shows where they stand, and those that it does not,
 * because a line slipped into an honest layer is an attack as well. A line is shown when at least half of its words
 * are among the words recognised at its height (anywhere on the page, where the page had to be turned).
 */
export function confirmLines<T extends TextLine>(
  lines: readonly T[],
  recognised: OcrPage,
): { shown: T[]; unseen: T[] } {
  const shown: T[] = [];
  const unseen: T[] = [];
  for (const line of lines) {
    const wanted = words(line.text);
    const near = recognised.lines.filter((other) => recognised.rotation !== 0 || meets(line, other));
    const found = new Set(near.flatMap((other) => words(other.text)));
    const hits = wanted.filter((word) => found.has(word)).length;
    const ok = wanted.length === 0 ? near.length > 0 : hits >= 0.5 * wanted.length;
    (ok ? shown : unseen).push(line);
  }
  return { shown, unseen };
}

function meets(line: TextLine, other: OcrLine): boolean {
  const slack = 0.5 * line.box.height;
  return other.box.y < line.box.y + line.box.height + slack && other.box.y + other.box.height > line.box.y - slack;
}

function words(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]{2,}/gu) ?? []
  );
}

/** Recognised lines as text lines; those that lie on printed text of the page are left out. */
export function ocrLines(recognised: OcrPage, printed: readonly TextLine[]): TextLine[] {
  return recognised.lines
    .filter((line) => !printed.some((other) => mostlyWithin(line, other)))
    .map((line) => ({ text: line.text, box: line.box }));
}

function mostlyWithin(line: OcrLine, other: TextLine): boolean {
  const wide = Math.min(right(line.box), right(other.box)) - Math.max(line.box.x, other.box.x);
  const high =
    Math.min(line.box.y + line.box.height, other.box.y + other.box.height) - Math.max(line.box.y, other.box.y);
  return wide > 0 && high > 0 && wide * high > 0.5 * line.box.width * line.box.height;
}
