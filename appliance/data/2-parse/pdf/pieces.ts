import { right } from '../lines/boxes.ts';
import type { TextLine } from '../lines/types.ts';
import { type PageCharacter, type PageCharacters, RTL } from './page-characters.ts';
import type { Rule } from './page-objects.ts';

/** A run of characters on one baseline without a wide gap: a line of prose, or the content of a table cell. */
export interface Piece extends TextLine {
  fontSize: number;
  bold: boolean;
  italic: boolean;
  rtl: boolean;
  rotated: boolean;
  baseline: number;
  /** Inner gaps wider than a usual space: `text.slice(index)` begins behind the gap. */
  breaks: { from: number; to: number; index: number }[];
  /** Where this piece was cut out of another one: that one. */
  whole?: Piece;
}

/** Gaps wider than this part of the type size end a piece. */
const WIDE = 0.9;
/** Between figures a smaller gap does: columns of numbers stand close. */
const WIDE_FIGURES = 0.5;
/** Gaps wider than this part of the type size may lie between two columns. */
const BREAK = 0.34;
/** Gaps wider than this part of the type size are a space, even where the library saw none. */
const SPACE = 0.28;
/** Characters that differ less than this part of the type size in place are the same one, drawn twice. */
const SAME_PLACE = 0.14;
const LATIN = /[A-Za-z\u00C0-\u024F]/u;

/**
 * Removes characters that are drawn again in (nearly) the same place, as programs do to imitate bold or a shadow.
 * Keeps the first. O(n).
 */
export function withoutDoubles(page: PageCharacters): PageCharacters {
  const seen = new Map<number, PageCharacter[]>();
  const characters: PageCharacter[] = [];
  const spaceBefore: boolean[] = [];
  let pendingSpace = false;
  page.characters.forEach((character, i) => {
    const space = (page.spaceBefore[i] ?? false) || pendingSpace;
    if (isDouble(seen, character)) {
      pendingSpace = space;
      return;
    }
    const key = cellKey(character, Math.floor(character.originX / CELL), Math.floor(character.originY / CELL));
    const here = seen.get(key);
    if (!here) seen.set(key, [character]);
    else if (here.length < 8) here.push(character);
    characters.push(character);
    spaceBefore.push(space);
    pendingSpace = false;
  });
  return { characters, spaceBefore, cut: page.cut };
}

/** Points: side of the squares by which characters are looked up. */
const CELL = 8;

function isDouble(seen: ReadonlyMap<number, PageCharacter[]>, character: PageCharacter): boolean {
  const { originX, originY, run } = character;
  const near = Math.min(CELL / 2, Math.max(0.3, SAME_PLACE * run.size));
  for (let cellX = Math.floor((originX - near) / CELL); cellX <= Math.floor((originX + near) / CELL); cellX++) {
    for (let cellY = Math.floor((originY - near) / CELL); cellY <= Math.floor((originY + near) / CELL); cellY++) {
      for (const other of seen.get(cellKey(character, cellX, cellY)) ?? NOBODY) {
        if (other.run === run || other.text !== character.text) continue;
        if (Math.abs(other.originX - originX) < near && Math.abs(other.originY - originY) < near) return true;
      }
    }
  }
  return false;
}

const NOBODY: readonly PageCharacter[] = [];

/** One number for a square and a character; squares 32,768 apart share it, so places are compared as well. */
function cellKey(character: PageCharacter, cellX: number, cellY: number): number {
  return ((cellX & 0x7fff) * 0x8000 + (cellY & 0x7fff)) * 0x200000 + (character.text.codePointAt(0) ?? 0);
}

/**
 * Builds pieces from characters: first in drawing order, then what stands side by side on one baseline is joined.
 * A piece ends at a wide gap, at an upright rule, and after dot leaders. O(n log n).
 */
export function piecesOf(page: PageCharacters, rules: readonly Rule[]): Piece[] {
  const upright = rules.filter((rule) => rule.upright).sort((a, b) => a.at - b.at);
  const pieces: Piece[] = [];
  let start = 0;
  const { characters, spaceBefore } = page;
  for (let i = 1; i <= characters.length; i++) {
    const previous = characters[i - 1];
    const next = characters[i];
    if (previous && next && joins(previous, next, upright) && !afterLeaders(characters, i, start)) continue;
    pieces.push(pieceOf(characters, spaceBefore, start, i));
    start = i;
  }
  return joinNeighbours(
    pieces.filter((piece) => piece.text !== ''),
    upright,
  );
}

function joins(a: PageCharacter, b: PageCharacter, upright: readonly Rule[]): boolean {
  const size = Math.max(a.run.size, b.run.size, 1);
  if (a.run.quarter !== b.run.quarter || a.run.quarter !== 0) {
    // Slanted and turned text stays together as the library delivers it.
    return a.run.quarter === b.run.quarter && Math.hypot(a.originX - b.originX, a.originY - b.originY) < 3 * size;
  }
  if (Math.abs(a.originY - b.originY) > 0.2 * size || Math.abs(a.run.size - b.run.size) > 0.35 * size) return false;
  const backwards = b.x0 < a.x0 && (RTL.test(a.text) || RTL.test(b.text));
  const gap = backwards ? a.x0 - b.x1 : b.x0 - a.x1;
  if (gap > wide(a.text, b.text) * size || gap < -0.8 * size) return false;
  return (
    gap < 0.3 || !ruleBetween(upright, Math.min(a.x1, b.x1) - 0.3, Math.max(a.x0, b.x0) + 0.3, b.originY - 0.3 * size)
  );
}

/** The gap, in type sizes, that ends a piece between these two characters. */
function wide(before: string, after: string): number {
  return /[\d)%\u2014\u2020*]$/u.test(before) && /^[\d($\u2014\u2020]/u.test(after) ? WIDE_FIGURES : WIDE;
}

/** True when an upright rule crosses height `y` between `from` and `to`. */
function ruleBetween(upright: readonly Rule[], from: number, to: number, y: number): boolean {
  let low = 0;
  let high = upright.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((upright[middle]?.at ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < upright.length && (upright[i]?.at ?? 0) <= to; i++) {
    const rule = upright[i]!;
    if (rule.from <= y && rule.to >= y) return true;
  }
  return false;
}

/** Dot leaders before `at` are over: `Total . . . . 12` is a label and a number. */
function afterLeaders(characters: readonly PageCharacter[], at: number, start: number): boolean {
  if (at - start < 5 || isDot(characters[at])) return false;
  for (let i = at - 4; i < at; i++) if (!isDot(characters[i])) return false;
  return true;
}

function isDot(character: PageCharacter | undefined): boolean {
  return character !== undefined && (character.text === '.' || character.text === '\u2026' || character.text === '_');
}

function pieceOf(all: readonly PageCharacter[], spaceBefore: readonly boolean[], start: number, end: number): Piece {
  let text = '';
  let x0 = Number.POSITIVE_INFINITY;
  let y0 = Number.POSITIVE_INFINITY;
  let x1 = Number.NEGATIVE_INFINITY;
  let y1 = Number.NEGATIVE_INFINITY;
  let bold = 0;
  let italic = 0;
  let rtl = 0;
  const breaks: Piece['breaks'] = [];
  const sizes = new Map<number, number>();
  const first = all[start]!;
  for (let i = start; i < end; i++) {
    const character = all[i]!;
    const previous = all[i - 1];
    if (i > start && previous && (spaceBefore[i] || apart(previous, character))) text += ' ';
    if (i > start && previous && character.x0 - previous.x1 > BREAK * character.run.size) {
      breaks.push({ from: previous.x1, to: character.x0, index: text.length });
    }
    text += character.text;
    x0 = Math.min(x0, character.x0);
    y0 = Math.min(y0, character.y0);
    x1 = Math.max(x1, character.x1);
    y1 = Math.max(y1, character.y1);
    if (character.run.bold) bold++;
    if (character.run.italic) italic++;
    if (RTL.test(character.text)) rtl++;
    const size = Math.round(character.run.size * 10) / 10;
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
  }
  let fontSize = first.run.size;
  let most = 0;
  for (const [size, count] of sizes) {
    if (count > most || (count === most && size > fontSize)) {
      most = count;
      fontSize = size;
    }
  }
  const count = end - start;
  return {
    text,
    box: lineBox(x0, y0, x1, y1, first, fontSize),
    fontSize,
    bold: bold > 0.85 * count,
    italic: italic > 0.85 * count,
    rtl: rtl > 0.4 * count,
    rotated: first.run.quarter !== 0,
    baseline: first.originY,
    breaks,
  };
}

/**
 * The box of a line. Fonts with wrong metrics claim heights of several lines or none; then the type size says how high
 * the line is.
 */
function lineBox(x0: number, y0: number, x1: number, y1: number, first: PageCharacter, size: number): Piece['box'] {
  const height = y1 - y0;
  if (first.run.quarter === 0 && (height > 1.7 * size || height < 0.4 * size)) {
    return { x: x0, y: first.originY - 0.8 * size, width: x1 - x0, height: size };
  }
  return { x: x0, y: y0, width: x1 - x0, height };
}

/** A space stands between two characters: a gap, or the step from a Latin word to one that runs the other way. */
function apart(a: PageCharacter, b: PageCharacter): boolean {
  if (gapBetween(a, b) > SPACE * b.run.size) return true;
  return (LATIN.test(a.text) && RTL.test(b.text)) || (RTL.test(a.text) && LATIN.test(b.text));
}

function gapBetween(a: PageCharacter, b: PageCharacter): number {
  if (a.run.quarter !== 0) return 0;
  return b.x0 >= a.x0 ? b.x0 - a.x1 : a.x0 - b.x1;
}

/** Joins pieces that touch on one baseline although they were not drawn one after the other. */
function joinNeighbours(pieces: readonly Piece[], upright: readonly Rule[]): Piece[] {
  const sorted = pieces.filter((piece) => !piece.rotated).sort((a, b) => a.baseline - b.baseline || a.box.x - b.box.x);
  const done: Piece[] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    const first = sorted[from];
    const next = sorted[i];
    if (first && next && next.baseline - first.baseline < 0.15 * first.fontSize) continue;
    done.push(...joinRow(sorted.slice(from, i), upright));
    from = i;
  }
  return [...done, ...pieces.filter((piece) => piece.rotated)];
}

function joinRow(row: Piece[], upright: readonly Rule[]): Piece[] {
  row.sort((a, b) => a.box.x - b.box.x);
  const joined: Piece[] = [];
  for (const piece of row) {
    const last = joined.at(-1);
    const gap = last ? piece.box.x - (last.box.x + last.box.width) : 0;
    const size = Math.max(piece.fontSize, last?.fontSize ?? 0);
    const near = last && !last.rtl && !piece.rtl && gap < wide(last.text, piece.text) * size && gap > -0.3 * size;
    const alike = last && Math.abs(last.fontSize - piece.fontSize) < 0.35 * size && last.bold === piece.bold;
    const leaders = last !== undefined && /(?:[._\u2026]\s?){4}$/u.test(last.text);
    if (
      !last ||
      !near ||
      !alike ||
      leaders ||
      ruleBetween(upright, piece.box.x - gap - 0.3, piece.box.x + 0.3, piece.baseline - 0.3 * size)
    ) {
      joined.push({ ...piece, breaks: [...piece.breaks] });
      continue;
    }
    const shift = last.text.length + (gap > 0.12 * size ? 1 : 0);
    if (gap > BREAK * size) last.breaks.push({ from: right(last.box), to: piece.box.x, index: shift });
    for (const inner of piece.breaks) last.breaks.push({ ...inner, index: inner.index + shift });
    last.text += gap > 0.12 * size ? ` ${piece.text}` : piece.text;
    const top = Math.min(last.box.y, piece.box.y);
    const low = Math.max(last.box.y + last.box.height, piece.box.y + piece.box.height);
    const rightEdge = Math.max(last.box.x + last.box.width, piece.box.x + piece.box.width);
    last.box = { x: last.box.x, y: top, width: rightEdge - last.box.x, height: low - top };
  }
  return joined;
}

/** The piece cut in two behind `at.index`, or the piece alone when one half would be empty. */
export function cutPiece(piece: Piece, at: Piece['breaks'][number]): Piece[] {
  const before = piece.text.slice(0, at.index).trimEnd();
  const after = piece.text.slice(at.index);
  if (before === '' || after === '') return [piece];
  const { x, y, width, height } = piece.box;
  const inner = piece.breaks.filter((gap) => gap !== at);
  const whole = piece.whole ?? piece;
  return [
    {
      ...piece,
      whole,
      text: before,
      box: { x, y, width: at.from - x, height },
      breaks: inner.filter((gap) => gap.index < at.index),
    },
    {
      ...piece,
      whole,
      text: after,
      box: { x: at.to, y, width: x + width - at.to, height },
      breaks: inner.filter((gap) => gap.index > at.index).map((gap) => ({ ...gap, index: gap.index - at.index })),
    },
  ];
}
