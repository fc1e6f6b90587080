import type { Box } from '../../document.ts';
import { around } from '../lines/boxes.ts';
import type { PageCharacter, PageCharacters, TextRun } from './page-characters.ts';
import { type Matrix, mapRect, type PageFrame } from './page-frame.ts';
import type { Area, Colour, PageObjects } from './page-objects.ts';
import type { Pdfium } from './pdfium.ts';
import { withoutInk } from './visible-ink.ts';

/** Why text cannot be seen. */
export type HiddenKind =
  | 'invisible_render_mode'
  | 'transparent_text'
  | 'tiny_text'
  | 'off_page'
  | 'white_on_white'
  | 'hidden_layer'
  | 'clipped_text'
  | 'under_image';

export interface SeparatedText {
  visible: PageCharacters;
  hidden: Map<HiddenKind, PageCharacters>;
}

/** Points: smaller type is not read by people. */
const TINY = 2;
/** Colours that differ less than this (of 255) in every channel cannot be told apart. */
const CONTRAST = 45;
const WHITE: Colour = { r: 255, g: 255, b: 255, a: 255 };
/** Comparisons of runs with areas on one page; beyond it every pale run is a suspect. */
const MAX_COMPARISONS = 4_000_000;

/**
 * Separates text that a reader of the page would not see (spec 2 B): render modes 3 and 7, no opacity, below 2 pt,
 * outside the visible page, the colour of its ground, under an image or a filled shape, clipped away, on a layer that is
 * switched off. From the colour on these are suspicions from what is drawn that the rendered picture has to confirm, so that white text on a dark table header
 * or beside a photograph stays visible. `frame` must be the upright frame that `page`'s boxes are in.
 */
export function separateHidden(
  pdfium: Pdfium,
  pageHandle: number,
  frame: PageFrame,
  page: PageCharacters,
  objects: PageObjects,
): SeparatedText {
  const byRun = new Map<TextRun, PageCharacter[]>();
  for (const character of page.characters) {
    const list = byRun.get(character.run);
    if (list) list.push(character);
    else byRun.set(character.run, [character]);
  }
  const kinds = new Map<TextRun, HiddenKind>();
  const suspects = new Map<TextRun, PageCharacter[]>();
  const areas = objects.fills.length + objects.images.length;
  const budget: Budget = { clipPoints: MAX_CLIP_POINTS };
  const compare = byRun.size * areas <= MAX_COMPARISONS;
  for (const [run, characters] of byRun) {
    const plain = plainKind(run);
    if (plain !== null) {
      kinds.set(run, plain);
      continue;
    }
    const seen = characters.filter((character) => !isOffPage(character, frame));
    const suspicion = seen.length === 0 ? null : suspicionOf(pdfium, frame, run, seen, objects, compare, budget);
    if (suspicion === null) continue;
    kinds.set(run, suspicion);
    suspects.set(run, seen);
  }
  const unseen = suspects.size > 0 ? withoutInk(pdfium, pageHandle, frame, suspects) : new Set<PageCharacter>();
  return divide(page, (character) => {
    const kind = kinds.get(character.run);
    if (kind !== undefined && !suspects.has(character.run)) return kind;
    if (isOffPage(character, frame)) return 'off_page';
    return unseen.has(character) ? (kind ?? null) : null;
  });
}

function plainKind(run: TextRun): HiddenKind | null {
  if (run.mode === 3 || run.mode === 7) return 'invisible_render_mode';
  if (run.colour !== null && run.colour.a < 13) return 'transparent_text';
  return run.size < TINY ? 'tiny_text' : null;
}

function isOffPage(character: PageCharacter, frame: PageFrame): boolean {
  const x = (character.x0 + character.x1) / 2;
  const y = (character.y0 + character.y1) / 2;
  return x < 0 || y < 0 || x > frame.width || y > frame.height;
}

function suspicionOf(
  pdfium: Pdfium,
  frame: PageFrame,
  run: TextRun,
  characters: readonly PageCharacter[],
  objects: PageObjects,
  compare: boolean,
  budget: Budget,
): HiddenKind | null {
  const colour = run.colour ?? { r: 0, g: 0, b: 0, a: 255 };
  if (!compare) return alike(colour, WHITE) ? 'white_on_white' : null;
  if (isInLayer(pdfium, run.object)) return 'hidden_layer';
  const { order, matrix } = objects.texts.get(run.object) ?? { order: 0, matrix: frame.matrix };
  const clip = clipOf(pdfium, run.object, matrix, budget);
  if (clip === 'unknown') return 'clipped_text';
  const places = [characters[0]!, characters[characters.length >> 1]!, characters[characters.length - 1]!];
  for (const place of places) {
    const x = (place.x0 + place.x1) / 2;
    const y = (place.y0 + place.y1) / 2;
    const covers = (area: Area): boolean => area.order > order && inside(area, x, y);
    if (objects.images.some(covers)) return 'under_image';
    if (objects.fills.some((area) => covers(area) && (area.fill?.a ?? 0) > 200)) return 'under_image';
    if (clip && !holds(clip, x, y)) return 'clipped_text';
    if (alike(colour, groundAt(objects.fills, x, y, order))) return 'white_on_white';
  }
  return null;
}

function inside(area: Area, x: number, y: number): boolean {
  return holds(area.box, x, y);
}

function holds(box: Box, x: number, y: number): boolean {
  return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}

/** Colour of the topmost filled rectangle under a place, or white paper. */
function groundAt(fills: readonly Area[], x: number, y: number, order: number): Colour {
  let ground = WHITE;
  for (const area of fills) if (area.order < order && area.fill && inside(area, x, y)) ground = area.fill;
  return ground;
}

function alike(a: Colour, b: Colour): boolean {
  return Math.abs(a.r - b.r) < CONTRAST && Math.abs(a.g - b.g) < CONTRAST && Math.abs(a.b - b.b) < CONTRAST;
}

/** Splits the characters by kind; `null` is visible. Spaces stay with what follows them. */
function divide(page: PageCharacters, kindOf: (character: PageCharacter) => HiddenKind | null): SeparatedText {
  const visible: PageCharacters = { characters: [], spaceBefore: [], cut: page.cut };
  const hidden = new Map<HiddenKind, PageCharacters>();
  page.characters.forEach((character, i) => {
    const kind = kindOf(character);
    let target = visible;
    if (kind !== null) {
      target = hidden.get(kind) ?? { characters: [], spaceBefore: [], cut: false };
      hidden.set(kind, target);
    }
    target.characters.push(character);
    target.spaceBefore.push(page.spaceBefore[i] ?? false);
  });
  return { visible, hidden };
}

/** True when a mark puts the object on a layer (`/OC`); whether the layer is shown, the picture tells. */
function isInLayer(pdfium: Pdfium, object: number): boolean {
  const count = Math.min(20, pdfium.FPDFPageObj_CountMarks(object));
  const at = pdfium.scratch;
  for (let i = 0; i < count; i++) {
    const mark = pdfium.FPDFPageObj_GetMark(object, i);
    // The name comes as UTF-16 with a closing zero: `OC` takes six bytes.
    if (mark === 0 || pdfium.FPDFPageObjMark_GetName(mark, at, 64, at + 64) === 0 || pdfium.int(at + 64) !== 6)
      continue;
    if (pdfium.int(at) === OC_NAME) return true;
  }
  return false;
}

/** `OC` in UTF-16, little-endian. */
const OC_NAME = 0x0043004f;
/** Clip paths with more points than this are not looked at: then only the picture decides. */
const MAX_CLIP = 2000;
/** Points of clip paths that are looked at on one page. */
const MAX_CLIP_POINTS = 300_000;

interface Budget {
  clipPoints: number;
}

/** The part of the page that an object is clipped to: the boxes around its clip paths, intersected. Null when all. */
function clipOf(pdfium: Pdfium, object: number, matrix: Matrix, budget: Budget): Box | null | 'unknown' {
  const clip = pdfium.FPDFPageObj_GetClipPath(object);
  if (clip === 0) return null;
  const paths = Math.min(16, pdfium.FPDFClipPath_CountPaths(clip));
  let open: Box | null = null;
  for (let path = 0; path < paths; path++) {
    const count = pdfium.FPDFClipPath_CountPathSegments(clip, path);
    if (count < 1) continue;
    budget.clipPoints -= count;
    if (count > MAX_CLIP || budget.clipPoints < 0) return 'unknown';
    const points: Box[] = [];
    for (let i = 0; i < count; i++) {
      const segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, i);
      const at = pdfium.scratch;
      if (segment === 0 || pdfium.FPDFPathSegment_GetPoint(segment, at, at + 4) === 0) continue;
      const x = pdfium.float(at);
      const y = pdfium.float(at + 4);
      points.push(mapRect(matrix, x, y, x, y));
    }
    if (points.length > 0) open = common(open, around(points));
  }
  return open;
}

function common(a: Box | null, b: Box): Box {
  if (!a) return b;
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return { x, y, width, height };
}
