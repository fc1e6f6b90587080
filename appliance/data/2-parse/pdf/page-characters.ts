import { apply, type Matrix, mapRect } from './page-frame.ts';
import { type Colour, colourOf } from './page-objects.ts';
import type { Pdfium } from './pdfium.ts';

/** What the characters of one text object share. */
export interface TextRun {
  /** Handle of the object. */
  object: number;
  /** PDF text render mode, 0–7. */
  mode: number;
  /** The colour that is seen: fill, or stroke where the mode only strokes. Null when unknown. */
  colour: Colour | null;
  bold: boolean;
  italic: boolean;
  /** Points, after all matrices. */
  size: number;
  /** Quarter turns clockwise by which the text is turned on the upright page; null when it stands at a slant. */
  quarter: number | null;
}

/** One character, in the coordinates of a frame. */
export interface PageCharacter {
  text: string;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
  /** Baseline. */
  originX: number;
  originY: number;
  run: TextRun;
}

/** A page's characters in the library's order; a space stands for every gap that the library saw. */
export interface PageCharacters {
  characters: PageCharacter[];
  /** `spaceBefore[i]`: white space stands before `characters[i]`. */
  spaceBefore: boolean[];
  cut: boolean;
}

/** Letters of scripts that run from right to left. */
export const RTL = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/u;
/** More characters than this on one page are not read. */
const MAX_CHARACTERS = 400_000;
/** The library's mark for a hyphen at a line end. */
const LINE_END_HYPHEN = 2;
const FIXED_PITCH = 1;
const ITALIC = 1 << 6;
const FORCE_BOLD = 1 << 18;

interface FontStyle {
  bold: boolean;
  italic: boolean;
}

/** Fonts by handle. Lives as long as the document. */
export type FontStyles = Map<number, FontStyle>;

/** Reads all characters of a page, with boxes in `frame`. O(characters), bounded. */
export function readCharacters(pdfium: Pdfium, textPage: number, frame: Matrix, fonts: FontStyles): PageCharacters {
  const total = pdfium.FPDFText_CountChars(textPage);
  const count = Math.min(Math.max(0, total), MAX_CHARACTERS);
  const characters: PageCharacter[] = [];
  const spaceBefore: boolean[] = [];
  const runs = new Map<number, TextRun>();
  const at = pdfium.scratch;
  let space = false;
  let high = 0;
  for (let i = 0; i < count; i++) {
    let code = pdfium.FPDFText_GetUnicode(textPage, i) >>> 0;
    // Characters beyond the basic plane arrive as two halves.
    if (code >= 0xd800 && code <= 0xdbff) {
      high = code;
      continue;
    }
    if (code >= 0xdc00 && code <= 0xdfff) {
      if (high === 0) continue;
      code = (high - 0xd800) * 0x400 + (code - 0xdc00) + 0x10000;
    }
    high = 0;
    if (code === LINE_END_HYPHEN) code = 0x2d;
    if (isSpace(code)) {
      space = true;
      continue;
    }
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0xfffe || code === 0xffff || code > 0x10ffff) continue;
    const object = pdfium.FPDFText_GetTextObject(textPage, i);
    if (object === 0) continue;
    let run = runs.get(object);
    if (!run) {
      run = readRun(pdfium, textPage, i, object, frame, fonts);
      runs.set(object, run);
    }
    if (pdfium.FPDFText_GetLooseCharBox(textPage, i, at) === 0) continue;
    const box = mapRect(frame, pdfium.float(at), pdfium.float(at + 12), pdfium.float(at + 8), pdfium.float(at + 4));
    pdfium.FPDFText_GetCharOrigin(textPage, i, at, at + 8);
    const [originX, originY] = apply(frame, pdfium.double(at), pdfium.double(at + 8));
    if (!Number.isFinite(box.x + box.y + box.width + box.height + originX + originY)) continue;
    characters.push({
      text: String.fromCodePoint(code),
      x0: box.x,
      y0: box.y,
      x1: box.x + box.width,
      y1: box.y + box.height,
      originX,
      originY,
      run,
    });
    spaceBefore.push(space);
    space = false;
  }
  turnLigatures(characters);
  return { characters, spaceBefore, cut: total > count };
}

/**
 * A glyph that stands for several letters gives them all one place, in reading order from left to right; text that
 * runs from right to left arrives turned round as a whole, these letters included. Turns them back.
 */
function turnLigatures(characters: PageCharacter[]): void {
  for (let i = 1; i < characters.length; i++) {
    const first = characters[i - 1]!;
    const second = characters[i]!;
    if (first.run !== second.run || first.originX !== second.originX || first.x0 !== second.x0) continue;
    if (first.originY !== second.originY || !RTL.test(first.text) || !RTL.test(second.text)) continue;
    characters[i - 1] = second;
    characters[i] = first;
    i++;
  }
}

function isSpace(code: number): boolean {
  return (
    code === 0x20 ||
    (code >= 0x09 && code <= 0x0d) ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

function readRun(
  pdfium: Pdfium,
  textPage: number,
  index: number,
  object: number,
  frame: Matrix,
  fonts: FontStyles,
): TextRun {
  const at = pdfium.scratch;
  const fontSize = pdfium.FPDFText_GetFontSize(textPage, index);
  let quarter: number | null = 0;
  let size = fontSize;
  if (pdfium.FPDFText_GetMatrix(textPage, index, at) !== 0) {
    const a = pdfium.float(at);
    const b = pdfium.float(at + 4);
    size = fontSize * Math.hypot(pdfium.float(at + 8), pdfium.float(at + 12));
    // The direction of the baseline on the upright page, y downwards.
    const dx = frame[0] * a + frame[2] * b;
    const dy = frame[1] * a + frame[3] * b;
    quarter = quarterOf(dx, dy);
  }
  const mode = pdfium.FPDFTextObj_GetTextRenderMode(object);
  const font = pdfium.FPDFTextObj_GetFont(object);
  const style = font === 0 ? { bold: false, italic: false } : styleOf(pdfium, font, fonts);
  return {
    object,
    mode,
    colour: colourOf(pdfium, object, mode === 1 || mode === 5),
    bold: mode === 2 || style.bold,
    italic: style.italic,
    size: Number.isFinite(size) ? Math.abs(size) : 0,
    quarter,
  };
}

/** Quarter turns clockwise of a direction, null when it is more than 8° off. */
function quarterOf(dx: number, dy: number): number | null {
  const angle = (Math.atan2(dy, dx) * 180) / Math.PI;
  const quarter = Math.round(angle / 90);
  if (Math.abs(angle - quarter * 90) > 8) return null;
  return (quarter + 4) % 4;
}

function styleOf(pdfium: Pdfium, font: number, fonts: FontStyles): FontStyle {
  const known = fonts.get(font);
  if (known) return known;
  const length = Math.min(200, pdfium.FPDFFont_GetBaseFontName(font, pdfium.scratch, 200));
  const name = length > 1 ? latin(pdfium.bytes().subarray(pdfium.scratch, pdfium.scratch + length - 1)) : '';
  const flags = pdfium.FPDFFont_GetFlags(font);
  // Listings are often bold throughout; that is no emphasis.
  const listing = (flags & FIXED_PITCH) !== 0 || /courier|mono|consolas/i.test(name);
  const heavy =
    /bold|black|heavy|semibd|demi|extrabd/i.test(name) ||
    pdfium.FPDFFont_GetWeight(font) >= 650 ||
    (flags & FORCE_BOLD) !== 0;
  const style = { bold: heavy && !listing, italic: (flags & ITALIC) !== 0 || /italic|oblique/i.test(name) };
  fonts.set(font, style);
  return style;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
